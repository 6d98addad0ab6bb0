// Where the visitor writes; a file is looked at before it goes.
import { h, icon, say } from '../dom'
import { isPicture, kindsOf, offered, refusalOf, typeOf } from '../files'
import { bytes } from '../format'
import type { Frame } from '../frame'
import type { Memory } from '../memory'
import { lengthOf } from '../../../src/features/public/checks'
import { plainName } from '../text'
import type { Config } from '../types'

/** Only near the end is it said how much is left. */
const NEAR = 100

export interface ComposerActs {
  send(text: string, file: File | null): void
  typing(): void
}

export class Composer {
  readonly element: HTMLElement
  private readonly input: HTMLTextAreaElement
  private readonly picker: HTMLInputElement
  private readonly chosen = h('div', { class: 'chosen' })
  private readonly told = h('p', { class: 'told', role: 'status' })
  private readonly button: HTMLButtonElement
  private file: File | null = null
  private preview = ''

  constructor(private readonly frame: Frame, private readonly config: Config, private readonly memory: Memory, private readonly to: ComposerActs) {
    const { words } = frame
    const touch = matchMedia('(pointer: coarse)').matches
    this.input = h('textarea', { rows: 1, 'aria-label': words.input, placeholder: touch ? words.input_touch : words.input_hint })
    this.input.value = memory.get('draft') ?? ''
    this.picker = h('input', { type: 'file', accept: offered(config.files), class: 'visually-hidden', tabindex: -1, 'aria-hidden': 'true' })
    this.button = h('button', { type: 'submit', class: 'icon send', 'aria-label': words.send, title: words.send }, icon('send', 22))
    const attach = h('button', { type: 'button', class: 'icon', 'aria-label': words.attach, title: words.attach, click: () => this.picker.click() }, icon('attach', 22))
    if (config.files.length === 0) attach.hidden = true
    this.chosen.hidden = true
    this.element = h('form', { class: 'composer', submit: (event: Event) => this.submit(event) },
      this.told, this.chosen, h('div', { class: 'line' }, attach, this.picker, this.input, this.button))
    this.input.addEventListener('input', () => {
      memory.set('draft', this.input.value || null)
      this.fit()
      if (this.input.value.trim()) to.typing()
    })
    this.input.addEventListener('keydown', (event) => {
      // Enter that ends the writing of a Chinese word sends nothing.
      if (event.key !== 'Enter' || event.shiftKey || event.isComposing || event.keyCode === 229 || touch) return
      this.submit(event)
    })
    this.input.addEventListener('paste', (event) => {
      const file = event.clipboardData?.files[0]
      if (!file) return
      event.preventDefault()
      this.choose(file)
    })
    this.picker.addEventListener('change', () => {
      const file = this.picker.files?.[0]
      this.picker.value = ''
      if (file) this.choose(file)
    })
    requestAnimationFrame(() => this.fit())
  }

  focus(): void {
    this.input.focus({ preventScroll: true })
  }
  /** A file dropped on the log. */
  choose(file: File): void {
    const why = refusalOf(file, this.config)
    if (why) {
      this.tell(this.frame.say(why, { size: bytes(this.config.most_file), kinds: kindsOf(this.config.files) }), true)
      return
    }
    this.take(file)
    this.input.focus({ preventScroll: true })
  }

  private tell(text: string, fault = false): void {
    say(this.told, text)
    this.told.classList.toggle('fault', fault)
  }

  private take(file: File | null): void {
    if (this.preview) URL.revokeObjectURL(this.preview)
    this.preview = ''
    this.file = file
    this.chosen.hidden = !file
    this.chosen.replaceChildren()
    if (!file) return this.fit()
    const name = plainName(file.name)
    if (isPicture(typeOf(file))) {
      this.preview = URL.createObjectURL(file)
      this.chosen.append(h('img', { src: this.preview, alt: '' }))
    } else this.chosen.append(icon('file', 24))
    this.chosen.append(
      h('span', { class: 'grow' }, h('span', { class: 'name' }, name), h('span', { class: 'size' }, bytes(file.size))),
      h('button', { type: 'button', class: 'icon', 'aria-label': `${this.frame.words.remove} ${name}`, title: this.frame.words.remove, click: () => { this.take(null); this.focus() } }, icon('close', 18)))
    this.tell('')
    this.fit()
  }

  private fit(): void {
    this.input.style.setProperty('height', 'auto')
    this.input.style.setProperty('height', `${Math.min(this.input.scrollHeight + 2, 120)}px`)
    const left = this.config.most_text - lengthOf(this.input.value.trim())
    this.button.disabled = left < 0 || (!this.file && !this.input.value.trim())
    if (left < 0) this.tell(this.frame.say('too_long', { n: -left }), true)
    else this.tell(left <= NEAR ? this.frame.say('characters', { n: left }) : '')
  }

  private submit(event: Event): void {
    event.preventDefault()
    if (this.button.disabled) return
    const text = this.input.value.trim()
    // A file stands alone; words with it follow.
    if (this.file) this.to.send('', this.named(this.file))
    if (text) this.to.send(text, null)
    this.input.value = ''
    this.memory.set('draft', null)
    this.take(null)
    this.focus()
  }

  /** With the type its name says, where the browser knew none. */
  private named(file: File): File {
    return file.type ? file : new File([file], file.name, { type: typeOf(file) })
  }
}
