// The one script of the host page: a button, and on demand a frame with the chat in it. It knows nothing about a
// visitor; what is said between it and the frame is below, and nothing else is listened to.
import { isFromFrame, type FromFrame, type ToFrame } from '../protocol'
import css from './loader.css?inline'

const NAMES = {
  zh: { open: '在线咨询', close: '收起在线咨询', unread: '在线咨询，{n} 条未读', frame: '在线咨询窗口' },
  en: { open: 'Chat with us', close: 'Fold the chat away', unread: 'Chat with us, {n} unread', frame: 'Chat window' },
}
/** Below this the frame takes the whole window; as in loader.css. */
const SMALL = '(max-width: 600px), (max-height: 480px)'
const PATHS = {
  talk: 'M4 5.5A1.5 1.5 0 0 1 5.5 4h13A1.5 1.5 0 0 1 20 5.5v9a1.5 1.5 0 0 1-1.5 1.5H11l-4.5 4v-4h-1A1.5 1.5 0 0 1 4 14.5zM8 9h8M8 12h5',
  down: 'M6 9.5l6 6 6-6',
}

function start(script: HTMLScriptElement): void {
  const base = new URL(script.src, document.baseURI).origin
  const channel = /^[\w-]{1,40}$/.test(script.dataset.channel ?? '') ? script.dataset.channel! : 'web'
  const lang = /^(zh|en)/i.exec(script.dataset.lang || navigator.language || '')?.[1]?.toLowerCase() === 'en' ? 'en' : 'zh'
  const names = NAMES[lang]
  // A page without an origin (a file, a sandbox) cannot be told from another: there the chat has a window of its own.
  const own = self.origin !== 'null'
  const address = `${base}/widget/?channel=${encodeURIComponent(channel)}&lang=${lang}`
  const key = `shoujie.widget.${channel}`

  const host = document.createElement('div')
  // Neither side's rules reach the other.
  host.style.setProperty('all', 'initial', 'important')
  const root = host.attachShadow({ mode: 'open' })
  try {
    const sheet = new CSSStyleSheet()
    sheet.replaceSync(css)
    root.adoptedStyleSheets = [sheet]
  } catch {
    const style = document.createElement('style')
    style.textContent = css
    root.append(style)
  }

  const button = document.createElement('button')
  button.type = 'button'
  button.className = 'button'
  button.append(drawn('talk'), drawn('down'))
  const count = document.createElement('span')
  count.className = 'count'
  count.hidden = true
  count.setAttribute('aria-hidden', 'true')
  button.append(count)
  const panel = document.createElement('div')
  panel.className = 'panel'
  panel.hidden = true
  root.append(panel, button)

  let frame: HTMLIFrameElement | null = null
  let ready = false
  let opened = false
  let unread = 0

  function drawn(what: keyof typeof PATHS): SVGElement {
    const ns = 'http://www.w3.org/2000/svg'
    const svg = document.createElementNS(ns, 'svg')
    for (const [name, value] of Object.entries({ viewBox: '0 0 24 24', fill: 'none', stroke: 'currentColor', 'stroke-width': '1.8', 'stroke-linecap': 'round', 'stroke-linejoin': 'round', 'aria-hidden': 'true', class: what })) {
      svg.setAttribute(name, value)
    }
    const path = document.createElementNS(ns, 'path')
    path.setAttribute('d', PATHS[what])
    svg.append(path)
    return svg
  }
  function name(): void {
    button.setAttribute('aria-expanded', String(opened))
    button.setAttribute('aria-label', opened ? names.close : unread > 0 ? names.unread.replace('{n}', String(unread)) : names.open)
    button.title = opened ? names.close : names.open
    count.hidden = opened || unread === 0
    count.textContent = unread > 99 ? '99+' : String(unread)
  }
  function tell(what: ToFrame['shoujie']): void {
    if (ready) frame?.contentWindow?.postMessage({ shoujie: what } satisfies ToFrame, base)
  }
  function load(): void {
    if (frame) return
    frame = document.createElement('iframe')
    frame.title = names.frame
    frame.setAttribute('sandbox', 'allow-scripts allow-same-origin allow-forms allow-popups allow-popups-to-escape-sandbox allow-downloads')
    frame.setAttribute('allow', "clipboard-write; camera 'none'; microphone 'none'; geolocation 'none'")
    frame.referrerPolicy = 'origin'
    frame.src = `${address}&host=${encodeURIComponent(self.origin)}`
    panel.append(frame)
  }
  function keep(state: string | null): void {
    try {
      if (state) sessionStorage.setItem(key, state)
      else sessionStorage.removeItem(key)
    } catch {
      // Nothing is remembered then; the frame itself still knows its visitor.
    }
  }
  function open(focus: boolean): void {
    load()
    opened = true
    panel.hidden = false
    fit()
    name()
    if (going) keep('open')
    tell(focus ? 'open' : 'open_quietly')
    if (focus) frame?.focus()
    else quiet = true
  }
  function close(): void {
    if (!opened) return
    opened = false
    panel.hidden = true
    if (going) keep('folded')
    tell('folded')
    name()
    button.focus()
  }

  let going = false
  let quiet = false
  addEventListener('message', (event) => {
    if (!frame || event.source !== frame.contentWindow || event.origin !== base || !isFromFrame(event.data)) return
    const said: FromFrame = event.data
    if (said.shoujie === 'ready') {
      ready = true
      tell(opened ? (quiet ? 'open_quietly' : 'open') : 'folded')
    } else if (said.shoujie === 'close') close()
    else if (said.shoujie === 'unread') {
      unread = said.count
      name()
    } else {
      going = said.going
      keep(going ? (opened ? 'open' : 'folded') : null)
    }
  })
  button.addEventListener('click', () => {
    if (!own) window.open(address, '_blank', 'noopener')
    else if (opened) close()
    else open(true)
  })
  root.addEventListener('keydown', (event) => {
    if ((event as KeyboardEvent).key === 'Escape') close()
  })

  // The on-screen keyboard covers the window without making it smaller; a frame cannot see that.
  const view = window.visualViewport
  const small = matchMedia(SMALL)
  function fit(): void {
    const covered = opened && small.matches && view && view.scale === 1
    panel.style.height = covered ? `${Math.round(view.height)}px` : ''
    panel.style.top = covered ? `${Math.round(view.offsetTop)}px` : ''
    panel.style.bottom = covered ? 'auto' : ''
  }
  view?.addEventListener('resize', fit)
  view?.addEventListener('scroll', fit)
  small.addEventListener?.('change', fit)

  name()
  document.body.append(host)
  // A conversation that is going on is taken up again after a reload, for its unread messages; over a small window
  // the frame does not open by itself.
  let kept: string | null = null
  try {
    kept = sessionStorage.getItem(key)
  } catch {
    // as above
  }
  if (own && kept === 'open' && !small.matches) open(false)
  else if (own && kept) load()
}

const script = (document.currentScript as HTMLScriptElement | null) ?? document.querySelector<HTMLScriptElement>('script[src$="/widget.js"]')
const flag = '__shoujieWidget'
const marks = window as unknown as Record<string, boolean>
if (script?.src && !marks[flag]) {
  // Twice on a page is once.
  marks[flag] = true
  if (document.body) start(script)
  else addEventListener('DOMContentLoaded', () => start(script))
}
