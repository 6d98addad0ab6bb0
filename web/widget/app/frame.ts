// What all views stand in: the words, the bar above, one place below.
import { Problem, waitOf } from './api'
import { h, icon, say } from './dom'
import { filled, WORDS, type Language, type Word, type Words } from './words'

export class Frame {
  readonly words: Words
  /** Whether the visitor is in here: nothing takes the focus out of the host page by itself. */
  attended = true
  private readonly heading = h('h1', { tabindex: -1 })
  private readonly sub = h('p', { class: 'sub' })
  private readonly actions = h('div', { class: 'actions' })
  private readonly closer: HTMLButtonElement
  private readonly banner = h('p', { class: 'banner', role: 'status' })
  private readonly place = h('main')

  constructor(readonly lang: Language, close: (() => void) | null, turnLanguage: () => void) {
    this.words = WORDS[lang]
    document.documentElement.lang = lang === 'zh' ? 'zh-CN' : 'en'
    this.closer = h('button', { type: 'button', class: 'plain', 'aria-label': this.words.close, title: this.words.close, click: () => close?.() }, icon('down', 22))
    this.closer.hidden = !close
    const language = h('button', { type: 'button', class: 'plain word', lang: lang === 'zh' ? 'en' : 'zh-CN', click: turnLanguage }, this.words.other_language)
    this.banner.hidden = true
    document.body.replaceChildren(
      ...[...document.querySelectorAll('noscript')],
      h('header', {}, h('div', { class: 'grow' }, this.heading, this.sub), this.actions, language, this.closer),
      this.banner,
      this.place,
    )
    this.title(this.words.title)
  }

  say = (word: Word, values: Record<string, string | number> = {}): string => filled(this.words[word], values)

  title(title: string): void {
    say(this.heading, title)
    document.title = title
  }
  under(text: string): void {
    say(this.sub, text)
    this.sub.hidden = !text
  }
  warn(text: string): void {
    say(this.banner, text)
    this.banner.hidden = !text
  }
  act(...buttons: HTMLElement[]): void {
    this.actions.replaceChildren(...buttons)
  }
  /** Another view, and the reading goes to its beginning. */
  show(view: HTMLElement, focus: HTMLElement | null = null): void {
    this.act()
    this.place.replaceChildren(view)
    if (this.attended) (focus ?? this.heading).focus({ preventScroll: true })
  }

  /** Why a request was refused, for the visitor. */
  refusal(error: unknown): string {
    if (!(error instanceof Problem)) return this.words.refused
    if (error.status === 429) {
      const wait = waitOf(error)
      return wait > 90 ? this.say('too_many_long', { n: Math.ceil(wait / 60) }) : this.say('too_many', { n: wait })
    }
    return error.status === 0 ? this.words.unreachable : this.words.refused
  }
}

export const link = (href: string, text: string): HTMLAnchorElement => h('a', { href, target: '_blank', rel: 'noopener' }, text)
