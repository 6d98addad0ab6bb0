// The page inside the frame: which view stands, and what goes on between the visitor, the server and the host page.
import './style.css'
import { Api, Problem, randomId } from './api'
import type { Form } from '../../src/features/public/checks'
import { h } from './dom'
import { Frame } from './frame'
import { Host } from './host'
import { memory } from './memory'
import { Session } from './session'
import type { Config } from './types'
import { ChatView } from './views/chat'
import { formView } from './views/form'
import { leftView } from './views/left'
import { languageOf, type Language, type Word } from './words'

const asked = new URLSearchParams(location.search)
const channel = /^[\w-]{1,40}$/.test(asked.get('channel') ?? '') ? asked.get('channel')! : 'web'
const kept = memory(`shoujie.chat.${channel}`)
const api = new Api(channel)

let frame: Frame
let config: Config | null = null
let session: Session
let chat: ChatView | null = null
let form: Partial<Form> = {}
/** Folded until the host page says otherwise. */
let open = window.parent === window
/** Opened by the visitor, not by the page that was loaded again. */
let attended = open
/** One id a message that is left, so that what is sent twice over a poor line counts once. */
let key = randomId()
/** Drawing again in the other language, whatever stands. */
let draw: () => void = () => {}

const host = new Host(asked.get('host'), (said) => {
  open = said !== 'folded'
  attend(said === 'open')
  look()
  if (said === 'open') (chat && !chat.composer.element.hidden ? chat.composer : document.querySelector('h1'))?.focus()
})

function attend(now: boolean): void {
  attended = now
  frame.attended = now
}

function speak(lang: Language): void {
  frame = new Frame(lang, host.known ? () => host.tell({ shoujie: 'close' }) : null, () => {
    kept.set('lang', lang === 'zh' ? 'en' : 'zh')
    speak(lang === 'zh' ? 'en' : 'zh')
    draw()
  })
  frame.attended = attended
}

function fresh(): Session {
  return new Session(api, kept, {
    changed: () => {
      chat?.update()
      host.tell({ shoujie: 'unread', count: open ? 0 : session.unread })
      host.tell({ shoujie: 'going', going: session.going })
      line()
    },
    news: () => look(),
    gone: () => {
      if (!session.conversation) return
      session.forget()
      session = fresh()
      chat = null
      void choose('session_over')
    },
  })
}

function look(): void {
  session.watch(open && document.visibilityState === 'visible' && chat !== null)
}
function line(): void {
  const lost = chat !== null && session.line.state === 'lost'
  frame.warn(!navigator.onLine ? frame.words.offline : lost ? frame.words.reconnecting : '')
}

// --- the views ---

function broken(): void {
  draw = broken
  const retry = h('button', { type: 'button', class: 'main', click: () => void begin() }, frame.words.retry)
  frame.under('')
  frame.show(h('div', { class: 'page' }, h('h2', {}, frame.words.broken), h('p', { class: 'quiet' }, frame.words.broken_what), retry), retry)
}

function talk(): void {
  draw = talk
  chat = new ChatView(frame, config!, kept, session, { api, leave: () => leave(), forget: () => void forget() })
  frame.show(chat.element)
  chat.shown()
  if (attended) chat.composer.focus()
  look()
}

async function forget(): Promise<void> {
  session.forget()
  session = fresh()
  chat = null
  form = {}
  host.tell({ shoujie: 'going', going: false })
  host.tell({ shoujie: 'unread', count: 0 })
  await choose()
}

function ask(notice?: Word): void {
  draw = () => ask(notice)
  frame.under(frame.words.online)
  frame.show(formView(frame, {
    kind: 'begin', config: config!, given: form, otherWord: 'rather_leave',
    notice: notice && frame.words[notice],
    other: (now) => {
      form = now
      leave()
    },
    again: changed,
    send: async (now) => {
      const { token, conversation } = await api.begin(filledOf(now))
      form = { ...now, consent: false, text: '' }
      session.begin(token, conversation)
      talk()
    },
  }))
}

function leave(notice?: Word): void {
  draw = () => leave(notice)
  chat = null
  frame.under(config!.open ? frame.words.rather_leave : frame.words.off_hours)
  const going = session.going
  frame.show(formView(frame, {
    kind: 'leave', config: config!, otherWord: going ? 'back' : 'rather_chat',
    given: { ...form, text: form.text || (going ? session.thread.myWords : '') },
    notice: notice && frame.words[notice],
    other: going || session.conversation ? () => talk() : config!.open ? (now) => {
      form = now
      ask()
    } : null,
    again: (now) => changed(now, true),
    send: async (now) => {
      const filled = filledOf(now)
      const receipt = await api.leave({ ...filled, phone: now.phone.trim(), text: now.text.trim() }, key)
      key = randomId()
      form = { ...now, consent: false, text: '' }
      // Who leaves a message waits no longer.
      if (session.going) await session.end().catch(() => {})
      const done = () => {
        draw = done
        frame.under('')
        frame.show(leftView(frame, receipt, () => void choose()))
      }
      done()
    },
  }))
}

function filledOf(now: Form): { consent: string; name?: string; phone?: string; matter?: string; text?: string } {
  const filled = Object.entries({ name: now.name.trim(), phone: now.phone.trim(), matter: now.matter, text: now.text.trim() }).filter(([, value]) => value)
  return { consent: config!.notice.version, ...Object.fromEntries(filled) }
}

/** The notice is another one by now: it has to be read again. */
async function changed(now: Form, leaving = false): Promise<void> {
  form = { ...now, consent: false }
  await load()
  if (leaving || !config!.open) leave('consent_changed')
  else ask('consent_changed')
}

async function load(): Promise<void> {
  config = await api.config()
}

async function choose(notice?: Word): Promise<void> {
  try {
    await load()
    frame.title(config!.name || frame.words.title)
    if (config!.open) ask(notice)
    else leave(notice)
  } catch {
    broken()
  }
}

async function begin(): Promise<void> {
  draw = () => {}
  frame.under('')
  frame.show(h('div', { class: 'page' }, h('p', { class: 'quiet late', role: 'status' }, frame.words.loading)))
  try {
    await load()
    frame.title(config!.name || frame.words.title)
    if (await session.resume()) talk()
    else if (config!.open) ask()
    else leave()
  } catch (error) {
    if (!(error instanceof Problem)) console.error(error)
    broken()
  }
}

// --- the page ---

addEventListener('pointerdown', () => attend(true), { capture: true })
addEventListener('keydown', () => attend(true), { capture: true })
addEventListener('keydown', (event) => {
  if (event.key !== 'Escape' || event.isComposing || event.defaultPrevented) return
  if (!chat?.escape()) host.tell({ shoujie: 'close' })
})
document.addEventListener('visibilitychange', () => {
  look()
  if (document.visibilityState === 'visible') session.line.nudge()
})
addEventListener('online', () => {
  session.line.nudge()
  line()
})
addEventListener('offline', line)
addEventListener('pageshow', (event) => {
  if (event.persisted) session.line.nudge()
})
// The on-screen keyboard covers the page without making it smaller.
const view = window.visualViewport
view?.addEventListener('resize', () => {
  if (host.framed || view.scale !== 1) return
  document.documentElement.style.setProperty('--h-view', `${Math.round(view.height)}px`)
  chat?.update()
})

speak(languageOf(kept.get('lang') ?? asked.get('lang') ?? navigator.language))
session = fresh()
host.tell({ shoujie: 'ready' })
void begin()
