// After the end: satisfied, fairly, not; with words. Once.
import { h, say } from '../dom'
import type { Frame } from '../frame'
import type { Said } from '../types'

const SAID: Said[] = ['satisfied', 'fair', 'dissatisfied']

export function ratingView(frame: Frame, send: (said: Said, words: string) => Promise<void>): HTMLElement {
  const { words } = frame
  const own = h('textarea', { rows: 2, maxlength: 2000, 'aria-label': words.rate_words, placeholder: `${words.rate_words}${frame.lang === 'zh' ? '（可不填）' : ' (optional)'}` })
  const fault = h('p', { class: 'fault', role: 'alert' })
  const button = h('button', { type: 'submit', class: 'main' }, words.rate_send)
  const radios = SAID.map((said) => h('input', { type: 'radio', name: 'said', value: said, change: () => {
    const why = said === 'dissatisfied' ? words.rate_why : `${words.rate_words}${frame.lang === 'zh' ? '（可不填）' : ' (optional)'}`
    own.placeholder = why
    own.setAttribute('aria-label', why)
    say(fault, '')
  } }))
  async function submit(event: Event): Promise<void> {
    event.preventDefault()
    const said = radios.find((radio) => radio.checked)?.value as Said | undefined
    if (!said) {
      say(fault, words.rate_missing)
      return radios[0]!.focus()
    }
    button.disabled = true
    try {
      await send(said, own.value.trim())
    } catch (error) {
      say(fault, frame.refusal(error))
      button.disabled = false
    }
  }
  return h('form', { class: 'card rating', submit: (event: Event) => void submit(event) },
    h('fieldset', {},
      h('legend', {}, words.rate),
      h('div', { class: 'choices' }, ...radios.map((radio, i) => h('label', {}, radio, h('span', {}, words[SAID[i]!]))))),
    own, fault, button)
}
