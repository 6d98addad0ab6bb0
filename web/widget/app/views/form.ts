// The two forms before anything is said: to begin a conversation, or to leave a message.
import { faultsOf, type Fault, type Field, type Form } from '../../../src/features/public/checks'
import { Problem } from '../api'
import { h, say } from '../dom'
import { link, type Frame } from '../frame'
import { shortTime } from '../format'
import type { Config } from '../types'

export interface FormAsk {
  kind: 'begin' | 'leave'
  config: Config
  /** What was filled in before. */
  given: Partial<Form>
  send(form: Form): Promise<void>
  /** To the other form, with what is filled in; null where there is none. */
  other: ((form: Form) => void) | null
  otherWord: 'rather_leave' | 'rather_chat' | 'back'
  /** The notice changed while the form stood open. */
  again(form: Form): void
  notice?: string
}

export function formView(frame: Frame, ask: FormAsk): HTMLElement {
  const { config, kind, given } = ask
  const { words, say: fill } = frame
  const leaving = kind === 'leave'
  const notes = {} as Record<Field, HTMLElement>
  const controls = {} as Record<Field, HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement>

  function field(name: Field, label: string, control: HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement, must: boolean, hint = ''): HTMLElement {
    control.id = `f-${name}`
    controls[name] = control
    notes[name] = h('span', { class: 'fault', id: `f-${name}-fault` })
    notes[name].hidden = true
    if (must) control.setAttribute('aria-required', 'true')
    if (hint) control.setAttribute('aria-describedby', `f-${name}-hint`)
    control.addEventListener('input', () => mark(name, ''))
    return h('div', { class: 'field' },
      h('label', { for: control.id }, label, !must && h('span', { class: 'quiet' }, ` ${frame.lang === 'zh' ? '（' : '('}${words.optional}${frame.lang === 'zh' ? '）' : ')'}`)),
      control, notes[name], hint ? h('span', { class: 'hint', id: `f-${name}-hint` }, hint) : null)
  }
  function mark(name: Field, text: string): void {
    const hint = document.getElementById(`f-${name}-hint`) ? `f-${name}-hint` : ''
    say(notes[name], text)
    notes[name].hidden = !text
    if (text) controls[name].setAttribute('aria-invalid', 'true')
    else controls[name].removeAttribute('aria-invalid')
    const described = [text ? `f-${name}-fault` : '', hint].filter(Boolean).join(' ')
    if (described) controls[name].setAttribute('aria-describedby', described)
    else controls[name].removeAttribute('aria-describedby')
  }

  const name = h('input', { type: 'text', autocomplete: 'name', maxlength: 60 })
  const phone = h('input', { type: 'tel', inputmode: 'tel', autocomplete: 'tel', maxlength: 24 })
  const matter = h('select', {}, h('option', { value: '' }, words.matter_none), ...config.form.matters.map((one) => h('option', { value: one.code }, one.name)))
  const text = h('textarea', { rows: leaving ? 4 : 2 })
  const consent = h('input', { type: 'checkbox' })
  name.value = given.name ?? ''
  phone.value = given.phone ?? ''
  matter.value = given.matter ?? ''
  text.value = given.text ?? ''
  controls.consent = consent
  consent.id = 'f-consent'
  consent.setAttribute('aria-required', 'true')
  consent.addEventListener('change', () => mark('consent', ''))
  notes.consent = h('span', { class: 'fault', id: 'f-consent-fault' })
  notes.consent.hidden = true

  const read = (): Form => ({ consent: consent.checked, name: name.value, phone: phone.value, matter: matter.value, text: text.value })
  const refusal = h('p', { class: 'fault', role: 'alert' })
  const button = h('button', { type: 'submit', class: 'main' }, leaving ? words.leave : words.begin)
  const ORDER: Field[] = ['name', 'phone', 'matter', 'text', 'consent']
  const worded = (fault: Fault): string => fill(fault, { n: config.most_text })

  async function submit(event: Event): Promise<void> {
    event.preventDefault()
    if (button.disabled) return
    const form = read()
    const faults = faultsOf(form, { phone: leaving, text: true, mostText: config.most_text })
    for (const one of ORDER) mark(one, faults[one] ? worded(faults[one]) : '')
    say(refusal, '')
    const first = ORDER.find((one) => faults[one])
    if (first) return controls[first].focus()
    button.disabled = true
    say(button, leaving ? words.leaving : words.beginning)
    try {
      await ask.send(form)
    } catch (error) {
      const problem = error instanceof Problem ? error : null
      if (problem?.code === 'consent_missing') return ask.again(form)
      const at = ORDER.find((one) => one === problem?.field)
      if (problem?.status === 422 && at === 'phone') mark('phone', words.phone_wrong)
      else if (problem?.status === 422 && at === 'name') mark('name', words.name_wrong)
      else if (problem?.status === 422 && at === 'text') mark('text', form.text.trim() ? worded('text_long') : words.text_missing)
      if (problem?.status === 422 && (at === 'phone' || at === 'text' || at === 'name')) controls[at].focus()
      else say(refusal, frame.refusal(error))
    }
    button.disabled = false
    say(button, leaving ? words.leave : words.begin)
  }

  const opening = config.open ? null : h('p', { class: 'card amber' }, h('strong', {}, words.off_hours), ' ', config.opens_at ? fill('opens', { at: shortTime(config.opens_at) }) : words.closed)
  const form = h('form', { novalidate: true, submit: (event: Event) => void submit(event) },
    ask.notice ? h('p', { class: 'card amber', role: 'alert' }, ask.notice) : null,
    opening,
    leaving ? null : h('p', { class: 'quiet' }, words.greeting),
    h('div', { class: 'pair' },
      field('name', words.name, name, false),
      field('phone', words.phone, phone, leaving, leaving ? words.phone_left : words.phone_why)),
    config.form.matters.length > 0 ? field('matter', words.matter, matter, false) : null,
    field('text', leaving ? words.words_left : words.words, text, true),
    h('div', { class: 'field' },
      h('h2', { id: 'notice' }, words.notice),
      h('div', { class: 'notice', tabindex: 0, role: 'region', 'aria-labelledby': 'notice' }, config.notice.text),
      h('label', { class: 'consent' }, consent, h('span', {}, words.consent)), notes.consent),
    refusal,
    button,
    h('p', { class: 'links' },
      ask.other ? h('button', { type: 'button', class: 'link', click: () => ask.other!(read()) }, words[ask.otherWord]) : null,
      link('/status', words.status),
      config.hotline ? h('a', { href: `tel:${config.hotline.replace(/[^\d+]/g, '')}` }, fill('hotline', { hotline: config.hotline })) : null))
  if (!controls.matter) controls.matter = matter
  if (!notes.matter) notes.matter = h('span')
  return h('div', { class: 'page' }, form)
}
