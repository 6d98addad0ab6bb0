// One message in the log, patched in place as it goes from written to sent to read.
import type { Api } from '../api'
import { h, icon, say } from '../dom'
import { isPicture } from '../files'
import { bytes, hour } from '../format'
import type { Frame } from '../frame'
import { pieces, plainName } from '../text'
import type { Entry } from '../thread'
import type { Message, SentFile } from '../types'

export interface MessageActs {
  api: Api
  look(url: string, name: string): void
  resend(clientId: string): void
  drop(clientId: string): void
  maxFile: string
  kinds: string
}

export function words(text: string): HTMLElement {
  return h('p', { class: 'text', dir: 'auto' }, ...pieces(text).map(({ text: piece, href }) =>
    href ? h('a', { href, target: '_blank', rel: 'noopener noreferrer nofollow' }, piece) : piece))
}

/** Pictures are fetched when they come into sight, once. */
const wanted = new WeakMap<Element, () => void>()
const sight = typeof IntersectionObserver === 'function'
  ? new IntersectionObserver((all) => {
    for (const { target, isIntersecting } of all) {
      if (!isIntersecting) continue
      sight?.unobserve(target)
      wanted.get(target)?.()
    }
  }, { rootMargin: '200px' })
  : null

export class MessageView {
  readonly element = h('li', { class: 'message' })
  private readonly state = h('span', { class: 'state' })
  private readonly acts = h('span', { class: 'acts' })
  private readonly bar = h('progress', { max: 1 })
  private shown = ''

  constructor(private readonly frame: Frame, private readonly to: MessageActs, public entry: Entry) {
    this.update(entry, false)
  }

  get at(): string {
    return this.entry.message?.at ?? this.entry.outgoing!.at
  }

  update(entry: Entry, read: boolean): void {
    this.entry = entry
    const { words: w } = this.frame
    const { message, outgoing } = entry
    const kind = message ? `m:${message.id}` : 'o'
    if (this.shown !== kind) this.draw(kind)
    if (outgoing) {
      const uploading = outgoing.file !== null && outgoing.state === 'sending'
      this.bar.hidden = !uploading
      this.bar.value = outgoing.progress
      const why = outgoing.why === 'file_large' ? this.frame.say('file_large', { size: this.to.maxFile })
        : outgoing.why === 'file_type' ? this.frame.say('file_type', { kinds: this.to.kinds })
          : outgoing.why ? w[outgoing.why as keyof typeof w] : ''
      say(this.state, why || (uploading ? this.frame.say('uploading', { n: Math.round(outgoing.progress * 100) }) : w.sending))
      this.element.classList.toggle('trouble', outgoing.state === 'failed' || outgoing.state === 'refused')
      this.offer(outgoing.state === 'refused' && !outgoing.file ? ['resend', 'drop'] : outgoing.state === 'failed' ? ['resend', 'drop'] : outgoing.state === 'refused' ? ['drop'] : uploading ? ['cancel'] : [])
    } else {
      say(this.state, read ? w.read : '')
    }
  }

  private offered = ''
  private offer(acts: ('resend' | 'drop' | 'cancel')[]): void {
    if (this.offered === acts.join()) return
    this.offered = acts.join()
    const { words: w } = this.frame
    const id = this.entry.key
    this.acts.replaceChildren(...acts.map((act) =>
      h('button', { type: 'button', class: 'link', click: () => (act === 'resend' ? this.to.resend(id) : this.to.drop(id)) }, act === 'resend' ? w.sent_again : w[act])))
  }

  private draw(kind: string): void {
    // What was written here stays as it stands when the server has it: no flicker, nothing read out twice.
    const settles = this.shown === 'o'
    this.shown = kind
    const { words: w } = this.frame
    const { message, outgoing } = this.entry
    const from = message?.from ?? 'me'
    if (settles && message && (!message.file || isPicture(message.file.media_type))) {
      this.element.classList.remove('pending', 'trouble')
      this.bar.hidden = true
      this.offer([])
      return
    }
    this.element.className = `message ${from}${outgoing ? ' pending' : ''}`
    if (from === 'system') {
      const line = words(message!.text)
      line.classList.add('event')
      this.element.replaceChildren(line)
      return
    }
    const body = outgoing
      ? outgoing.file ? this.file({ id: '', name: outgoing.file.name, media_type: outgoing.file.type, bytes: outgoing.file.size }, outgoing.file) : words(outgoing.text)
      : this.body(message!)
    this.bar.hidden = true
    this.element.replaceChildren(
      h('span', { class: 'visually-hidden' }, from === 'me' ? w.me : w.agent_any),
      h('div', { class: 'bubble' }, body, this.bar),
      h('div', { class: 'foot' }, h('time', { datetime: this.at }, hour(this.at)), this.state, this.acts))
  }

  private body(message: Message): HTMLElement {
    if (message.file) {
      const file = this.file(message.file, null)
      return message.text ? h('div', {}, file, words(message.text)) : file
    }
    return message.text ? words(message.text) : h('p', { class: 'text quiet' }, this.frame.words.not_text)
  }

  private file(file: SentFile, own: File | null): HTMLElement {
    const name = plainName(file.name)
    if (isPicture(file.media_type)) return this.picture(file, name, own)
    const inner = [icon('file', 22), h('span', { class: 'grow' }, h('span', { class: 'name' }, name), h('span', { class: 'size' }, bytes(file.bytes)))]
    if (own) return h('div', { class: 'file' }, ...inner)
    return h('button', { type: 'button', class: 'file', 'aria-label': this.frame.say('save', { name, size: bytes(file.bytes) }), click: () => void this.save(file, name) }, ...inner)
  }

  private async save(file: SentFile, name: string): Promise<void> {
    try {
      const url = URL.createObjectURL(await this.to.api.file(file.id, 'application/octet-stream'))
      h('a', { href: url, download: name }).click()
      setTimeout(() => URL.revokeObjectURL(url), 60_000)
    } catch (error) {
      say(this.state, this.frame.refusal(error))
    }
  }

  private picture(file: SentFile, name: string, own: File | null): HTMLElement {
    const image = h('img', { alt: this.frame.say('picture', { name }) })
    const button = h('button', { type: 'button', class: 'picture', 'aria-label': this.frame.say('look', { name }), click: () => image.src && this.to.look(image.src, name) }, image)
    const lost = () => button.replaceChildren(h('span', { class: 'text' }, this.frame.words.picture_lost))
    image.addEventListener('error', lost)
    const load = async () => {
      try {
        image.src = URL.createObjectURL(own ?? await this.to.api.file(file.id, file.media_type))
      } catch {
        lost()
      }
    }
    if (own || !sight) void load()
    else {
      wanted.set(button, () => void load())
      sight.observe(button)
    }
    return button
  }
}
