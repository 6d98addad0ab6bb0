// The conversation: waiting for somebody, talking, and what comes after the end.
import type { Api } from '../api'
import { h, icon, say } from '../dom'
import { kindsOf } from '../files'
import { bytes, dayName, sameDay } from '../format'
import type { Frame } from '../frame'
import type { Memory } from '../memory'
import type { Session } from '../session'
import type { Config } from '../types'
import { Composer } from './composer'
import { MessageView } from './message'
import { ratingView } from './rating'

export interface ChatActs {
  api: Api
  /** Instead of waiting. */
  leave(): void
  /** Away with what this device remembers. */
  forget(): void
}

/** Nearer to the end than this, new messages pull the log along. */
const NEAR = 80

export class ChatView {
  readonly element: HTMLElement
  private readonly log = h('ol', { class: 'log', role: 'log', 'aria-live': 'polite', 'aria-relevant': 'additions', tabindex: 0 })
  private readonly notice = h('div', { class: 'queue', role: 'status' })
  private readonly noticeText = h('p', { class: 'grow' })
  private readonly typing = h('p', { class: 'typing' })
  private readonly after = h('div', { class: 'after' })
  private readonly below: HTMLButtonElement
  private readonly sure: HTMLElement
  private readonly viewer = h('dialog', { class: 'viewer' })
  private readonly endButton: HTMLButtonElement
  readonly composer: Composer
  private readonly messages = new Map<string, MessageView>()
  /** By the first message of the day. */
  private readonly days = new Map<string, { element: HTMLElement; name: HTMLElement }>()
  /** Whether the end is what is looked at; kept while the log grows and shrinks around it. */
  private stuck = true
  private afterOf = ''
  private known = false

  constructor(private readonly frame: Frame, config: Config, memory: Memory, private readonly session: Session, private readonly to: ChatActs) {
    const { words } = frame
    this.log.setAttribute('aria-label', words.log)
    this.log.setAttribute('aria-busy', 'true')
    this.composer = new Composer(frame, config, memory, {
      send: (text, file) => {
        session.send(text, file)
        this.toEnd()
      },
      typing: () => session.typing(),
    })
    this.below = h('button', { type: 'button', class: 'below', click: () => this.toEnd() }, icon('down', 16), words.new_below)
    this.below.hidden = true
    this.endButton = h('button', { type: 'button', class: 'plain word', 'aria-label': words.end, click: () => this.askEnd(true) }, words.end_yes)
    const failed = h('span', { class: 'fault' })
    const yes = h('button', { type: 'button', class: 'second danger' }, words.end_yes)
    yes.addEventListener('click', () => {
      yes.disabled = true
      session.end()
        .then(() => this.askEnd(false))
        .catch((error: unknown) => say(failed, frame.refusal(error)))
        .finally(() => (yes.disabled = false))
    })
    this.sure = h('div', { class: 'sure', role: 'alertdialog', 'aria-label': words.end_sure },
      h('p', { class: 'grow' }, words.end_sure, failed), yes,
      h('button', { type: 'button', class: 'second', click: () => this.askEnd(false) }, words.end_no))
    this.sure.hidden = true
    this.notice.append(this.noticeText, h('button', { type: 'button', class: 'second', click: () => to.leave() }, words.turn_into_left))
    const unkept = memory.lasting ? null : h('p', { class: 'banner' }, words.not_kept)
    this.element = h('div', { class: 'chat' }, this.sure, unkept, this.notice, h('div', { class: 'scroll' }, this.log, this.below), this.typing, this.after, this.composer.element, this.viewer)
    this.log.addEventListener('scroll', () => {
      this.stuck = this.near()
      if (this.stuck) this.below.hidden = true
    }, { passive: true })
    const settle = () => {
      if (this.stuck) this.toEnd()
    }
    if (typeof ResizeObserver === 'function') new ResizeObserver(settle).observe(this.log)
    // A picture that has come pushes the rest down.
    this.log.addEventListener('load', settle, { capture: true })
    this.element.addEventListener('dragover', (event) => event.preventDefault())
    this.element.addEventListener('drop', (event) => {
      event.preventDefault()
      const file = event.dataTransfer?.files[0]
      if (file && !this.composer.element.hidden) this.composer.choose(file)
    })
    this.acts = {
      api: to.api,
      look: (url, name) => this.look(url, name),
      resend: (id) => session.resend(id),
      drop: (id) => {
        session.drop(id)
        this.composer.focus()
      },
      maxFile: bytes(config.most_file),
      kinds: kindsOf(config.files),
    }
  }
  private readonly acts: ConstructorParameters<typeof MessageView>[1]

  /** Esc: first what lies on top. True when there was something. */
  escape(): boolean {
    if (this.viewer.open) return true
    if (this.sure.hidden) return false
    this.askEnd(false)
    return true
  }

  shown(): void {
    this.frame.act(this.endButton)
    this.update()
    this.toEnd()
  }

  private askEnd(ask: boolean): void {
    this.sure.hidden = !ask
    if (ask) this.sure.querySelector('button')!.focus()
    else this.composer.focus()
  }

  private near(): boolean {
    return this.log.scrollHeight - this.log.scrollTop - this.log.clientHeight < NEAR
  }
  toEnd(): void {
    this.stuck = true
    this.log.scrollTop = this.log.scrollHeight
    this.below.hidden = true
  }

  update(): void {
    const { conversation, thread, loaded, over } = this.session
    if (!conversation) return
    const { words } = this.frame
    const waiting = conversation.state === 'waiting'
    const agent = conversation.agent?.staff_no
    this.frame.under(
      waiting ? words.waiting
        : conversation.state === 'left' ? words.left_state
          : over ? words.ended
            : agent ? this.frame.say('serving', { no: agent })
              : conversation.agent ? words.serving_any : words.online)
    this.endButton.hidden = !this.session.going
    if (!this.session.going) this.sure.hidden = true
    this.notice.hidden = !waiting
    if (waiting) {
      const place = conversation.place
      say(this.noticeText, place === null ? words.waiting : place <= 1 ? words.next : this.frame.say('before_you', { n: place - 1 }))
    }
    const added = this.list(thread.readByAgent(conversation.agent_read_seq))
    say(this.typing, !over && this.session.typingUntil > Date.now() ? words.typing : '')
    this.ending()
    if (loaded && !this.known) {
      this.known = true
      // Not before: what was said earlier is not read out as if it came just now.
      requestAnimationFrame(() => this.log.setAttribute('aria-busy', 'false'))
      this.toEnd()
    } else if (this.stuck) this.toEnd()
    else if (added) this.below.hidden = false
  }

  /** Brings the list in step with the thread; whether something of theirs was added. */
  private list(readKey: string | null): boolean {
    const entries = this.session.thread.entries
    const keys = new Set(entries.map(({ key }) => key))
    for (const [key, view] of this.messages) {
      if (keys.has(key)) continue
      view.element.remove()
      this.messages.delete(key)
    }
    let added = false
    let before: MessageView | null = null
    const wanted: HTMLElement[] = []
    const dayKeys = new Set<string>()
    for (const entry of entries) {
      let view = this.messages.get(entry.key)
      if (view) view.update(entry, entry.key === readKey)
      else {
        view = new MessageView(this.frame, this.acts, entry)
        view.update(entry, entry.key === readKey)
        this.messages.set(entry.key, view)
        added ||= entry.message !== null && entry.message.from !== 'me'
      }
      if (!before || !sameDay(before.at, view.at)) {
        dayKeys.add(entry.key)
        let day = this.days.get(entry.key)
        if (!day) {
          const name = h('span')
          this.days.set(entry.key, (day = { name, element: h('li', { class: 'day' }, name) }))
        }
        say(day.name, dayName(view.at, this.frame.words))
        wanted.push(day.element)
      }
      wanted.push(view.element)
      before = view
    }
    for (const [key, day] of this.days) {
      if (dayKeys.has(key)) continue
      day.element.remove()
      this.days.delete(key)
    }
    // Moves nothing that stands where it should: what is moved is read out again.
    let at: Element | null = this.log.firstElementChild
    for (const element of wanted) {
      if (element === at) at = at.nextElementSibling
      else this.log.insertBefore(element, at)
    }
    return added
  }

  private ending(): void {
    const { conversation, over } = this.session
    const { words } = this.frame
    const state = !over || !conversation ? '' : `${conversation.id} ${conversation.state} ${conversation.may_rate} ${conversation.satisfaction} ${conversation.open}`
    if (state === this.afterOf) return
    const rated = this.afterOf.startsWith(`${conversation?.id} `) && conversation?.satisfaction
    this.afterOf = state
    this.after.replaceChildren()
    this.after.hidden = !over
    this.composer.element.hidden = over && !conversation!.open
    if (!over || !conversation) return
    if (conversation.may_rate && !conversation.satisfaction) {
      this.after.append(ratingView(this.frame, async (said, own) => {
        await this.to.api.rate(said, own)
        await this.session.catchUp()
      }))
    } else if (conversation.satisfaction) {
      this.after.append(h('p', { class: 'card green', role: 'status', tabindex: -1 }, words.rated))
    }
    this.after.append(
      h('p', { class: 'quiet' }, conversation.open ? words.again : words.again_closed),
      h('p', { class: 'links' },
        conversation.open ? null : h('button', { type: 'button', class: 'link', click: () => this.to.leave() }, words.rather_leave),
        h('button', { type: 'button', class: 'link', title: words.forget_what, click: () => this.to.forget() }, words.forget)))
    if (rated) (this.after.firstElementChild as HTMLElement | null)?.focus()
  }

  private look(url: string, name: string): void {
    const { words } = this.frame
    const shut = h('button', { type: 'button', class: 'icon', 'aria-label': words.shut, title: words.shut, click: () => this.viewer.close() }, icon('close', 24))
    this.viewer.setAttribute('aria-label', this.frame.say('picture', { name }))
    this.viewer.replaceChildren(shut, h('img', { src: url, alt: this.frame.say('picture', { name }) }))
    this.viewer.showModal()
  }
}
