// The phone of somebody who writes to the hotline. It speaks with the demo's platform, never with the product itself.

const platform = document.body.dataset.platform
const base = `/demo/${platform}`
const find = (id) => document.getElementById(id)
const ZONE = 'Asia/Shanghai'

const ZH = {
  back: '‹ 演示网站',
  demo: '演示：扮演办事人。人物均为虚构，消息真的送到热线。',
  language: 'English',
  who: '您扮演谁',
  as: '扮演',
  how: '在手机里写一句话。座席登录工作台、置“就绪”后会收到这条会话，答复随即出现在手机上。',
  desk: '打开座席工作台',
  title: { wechat: '热线公众号', qq: '热线机器人' },
  page: { wechat: '公众号（演示）', qq: 'QQ（演示）' },
  log: '对话',
  empty: '还没有消息。写一句话，热线的座席就会看到。',
  picture: '图片',
  write: '写消息',
  send: '发送',
  menu: '菜单',
  state: '平台的规定',
  rule: {
    wechat: '对方发来消息后 48 小时内，公众号最多答复 5 条；点菜单后 1 分钟内最多 3 条。',
    qq: '对方每发一条消息，机器人在 60 分钟内最多答复 5 条。',
  },
  over: '让答复时限立即过期',
  wayTitle: '平台到热线的网络',
  clear: '畅通',
  cut: '断开：推送 3 次后放弃',
  deaf: '丢应答：热线收到 3 遍，只记 1 条',
  none: '还没有发过消息，热线不能先开口。',
  open: (left, until) => `热线还能答复 ${left} 条，到 ${until} 为止。`,
  blockedUsed: '答复条数已用完。再发一条，热线又能答复。',
  blockedOver: '答复时限已过。再发一条，热线又能答复。',
  sending: '发送中…',
  retrying: (attempts) => `热线没有应答，已推送 ${attempts} 次，再试…`,
  sent: '已送达热线',
  sentAgain: (attempts) => `已送达热线（推送了 ${attempts} 次）`,
  failed: (attempts) => `未送达：推送 ${attempts} 次，热线都没有应答`,
  refused: {
    45047: '热线的一条答复被平台拒收（45047）：答复条数已用完。',
    45015: '热线的一条答复被平台拒收（45015）：答复时限已过。',
    304103: '热线的一条答复被平台拒收（304103）：时限已过或条数已用完。',
  },
  refusedOther: (code) => `热线的一条答复被平台拒收（${code}）。`,
  chose: (title) => `点了菜单：${title}`,
  file: '文件',
  image: '图片',
  gone: '图片已不在',
  noDemo: '演示平台没有运行：服务器要用 serve --demo 启动。',
  offline: '连不上服务器，正在重试…',
  notSent: (why) => `没有发出：${why}`,
  codes: {
    text_length: '写 1 到 2000 字',
    too_large: '图片须小于 4 MB',
    file_kind_not_taken: '只收 PNG、JPEG、GIF 图片',
    demo_messages_wait: '前面的消息还没送到，请稍候',
  },
  keys: {},
}

const EN = {
  back: '‹ Demo website',
  demo: 'Demo: you play a requester. All persons are fictitious; messages really reach the hotline.',
  language: '中文',
  who: 'Who you are',
  as: 'You are',
  how: 'Write a line on the phone. An agent who is signed in and ready is offered the conversation; the answer appears on the phone.',
  desk: 'Open the desk',
  title: { wechat: 'Hotline account', qq: 'Hotline bot' },
  page: { wechat: 'Official account (demo)', qq: 'QQ (demo)' },
  log: 'Conversation',
  empty: 'No messages yet. Write a line and an agent of the hotline will see it.',
  picture: 'Picture',
  write: 'Message',
  send: 'Send',
  menu: 'Menu',
  state: 'Rules of the platform',
  rule: {
    wechat: 'Within 48 hours of a message the account may answer 5 times; within a minute of a menu choice 3 times.',
    qq: 'Each message may be answered 5 times within 60 minutes.',
  },
  over: 'Let the time run out now',
  wayTitle: 'Network from platform to hotline',
  clear: 'Clear',
  cut: 'Cut: given up after 3 attempts',
  deaf: 'Answers lost: told 3 times, kept once',
  none: 'Nothing was written yet; the hotline cannot speak first.',
  open: (left, until) => `The hotline may answer ${left} more times, until ${until}.`,
  blockedUsed: 'No answers are left. Write again and the hotline may answer.',
  blockedOver: 'The time for answers is over. Write again and the hotline may answer.',
  sending: 'Sending…',
  retrying: (attempts) => `No reply from the hotline after ${attempts} attempts, trying again…`,
  sent: 'Delivered',
  sentAgain: (attempts) => `Delivered (after ${attempts} attempts)`,
  failed: (attempts) => `Not delivered: no reply from the hotline after ${attempts} attempts`,
  refused: {
    45047: 'The platform refused an answer of the hotline (45047): no answers are left.',
    45015: 'The platform refused an answer of the hotline (45015): the time is over.',
    304103: 'The platform refused an answer of the hotline (304103): the time is over or no answers are left.',
  },
  refusedOther: (code) => `The platform refused an answer of the hotline (${code}).`,
  chose: (title) => `Chose in the menu: ${title}`,
  file: 'File',
  image: 'Picture',
  gone: 'The picture is gone',
  noDemo: 'The demo platforms are not running: start the server with serve --demo.',
  offline: 'The server does not answer, trying again…',
  notSent: (why) => `Not sent: ${why}`,
  codes: {
    text_length: 'write 1 to 2,000 characters',
    too_large: 'a picture has less than 4 MB',
    file_kind_not_taken: 'only PNG, JPEG and GIF pictures',
    demo_messages_wait: 'earlier messages are still on their way',
  },
  keys: { PHOTO: 'Photo upload', TICKET: 'Admission ticket', PASSWORD: 'Lost password' },
}

const memory = {
  get: (name) => {
    try {
      return localStorage.getItem(`shoujie-site-${name}`)
    } catch {
      return null
    }
  },
  set: (name, value) => {
    try {
      localStorage.setItem(`shoujie-site-${name}`, value)
    } catch {
      // A browser that keeps nothing asks again.
    }
  },
}

let words = memory.get('lang') === 'en' ? EN : ZH
let people = []
let entries = []
let person = ''
let shown = new Map()
let last = { revision: null, lines: [], way: 'clear', window: null }
let round = 0

const word = (name) => {
  const found = words[name]
  return typeof found === 'object' ? found[platform] : found
}

function element(tag, className, text) {
  const made = document.createElement(tag)
  if (className) made.className = className
  if (text !== undefined) made.textContent = text
  return made
}

function trouble(text) {
  find('trouble').textContent = text ?? ''
  find('trouble').hidden = !text
}

const time = (at, options) =>
  new Intl.DateTimeFormat(words === EN ? 'en-GB' : 'zh-CN', { timeZone: ZONE, hour: '2-digit', minute: '2-digit', ...options }).format(new Date(at))
const clock = (at) => time(at, { month: 'short', day: 'numeric' })

function title(key) {
  return words.keys[key] ?? entries.find((entry) => entry.key === key)?.title ?? key
}

function speak() {
  document.documentElement.lang = words === EN ? 'en' : 'zh-CN'
  document.title = word('page')
  for (const node of document.querySelectorAll('[data-t]')) node.textContent = word(node.dataset.t)
  for (const node of document.querySelectorAll('[data-label]')) node.setAttribute('aria-label', word(node.dataset.label))
  for (const node of document.querySelectorAll('[data-placeholder]')) node.placeholder = word(node.dataset.placeholder)
  find('language').textContent = words.language
  find('language').lang = words === EN ? 'zh-CN' : 'en'
  find('menu').replaceChildren(
    ...entries.map((entry) => {
      const button = element('button', '', title(entry.key))
      button.type = 'button'
      button.addEventListener('click', () => ask('menu', { person, key: entry.key }))
      return button
    }),
  )
  find('menu').hidden = entries.length === 0
  shown = new Map()
  find('log').replaceChildren()
  render()
}

function bubble(line) {
  const box = element('div', 'bubble')
  if (line.file) {
    const link = element('a')
    link.href = `${base}/files/${line.file}`
    link.target = '_blank'
    link.rel = 'noopener'
    if (line.kind === 'image') {
      const picture = element('img')
      picture.src = link.href
      picture.alt = words.image
      picture.addEventListener('error', () => link.replaceChildren(words.gone))
      picture.addEventListener('load', () => toEnd())
      link.append(picture)
    } else {
      link.textContent = words.file
    }
    box.append(link)
    if (line.text) box.append(line.text)
  } else if (line.kind === 'menu') {
    box.textContent = words.chose(title(line.text))
  } else if (line.kind === 'refused') {
    box.textContent = words.refused[line.code] ?? words.refusedOther(line.code)
  } else {
    box.textContent = line.text
  }
  return box
}

function reached(line) {
  if (line.reached === 'retrying') return words.retrying(line.attempts)
  if (line.reached === 'failed') return words.failed(line.attempts)
  if (line.reached === 'sent') return line.attempts > 1 ? words.sentAgain(line.attempts) : words.sent
  return words.sending
}

function node(line, before) {
  const box = element('div', `line ${line.from}`)
  if (!before || new Date(line.at) - new Date(before.at) > 300_000) box.append(element('p', 'when', clock(line.at)))
  box.append(bubble(line))
  if (line.reached) box.append(element('span', `reached ${line.reached}`, reached(line)))
  return box
}

let sticks = true
function toEnd() {
  const log = find('log')
  if (sticks) log.scrollTop = log.scrollHeight
}

function render() {
  const log = find('log')
  const seen = new Set()
  last.lines.forEach((line, at) => {
    const key = JSON.stringify(line)
    seen.add(line.seq)
    const known = shown.get(line.seq)
    if (known?.key === key) return
    const made = node(line, last.lines[at - 1])
    if (known) known.node.replaceWith(made)
    else log.append(made)
    shown.set(line.seq, { key, node: made })
  })
  for (const [seq, { node: old }] of shown) {
    if (!seen.has(seq)) {
      old.remove()
      shown.delete(seq)
    }
  }
  log.querySelector('.empty')?.remove()
  if (last.lines.length === 0) log.append(element('p', 'empty', words.empty))
  toEnd()

  const { window: open } = last
  const box = find('window')
  const text = !open ? words.none : open.blocked === 'used' ? words.blockedUsed : open.blocked === 'over' ? words.blockedOver : words.open(open.left, clock(open.until))
  if (box.textContent !== text) box.textContent = text
  box.classList.toggle('blocked', !!open?.blocked)
  find('over').disabled = !open || open.blocked === 'over'
  for (const choice of document.querySelectorAll('#way input')) choice.checked = choice.value === last.way
}

async function poll() {
  const mine = ++round
  for (;;) {
    try {
      const known = last.revision === null ? '' : `&known=${last.revision}`
      const answer = await fetch(`${base}/talk?person=${encodeURIComponent(person)}${known}`)
      if (mine !== round) return
      if (answer.ok) {
        const told = await answer.json()
        if (mine !== round) return
        if (find('trouble').dataset.offline) offline(false)
        const changed = JSON.stringify([told.revision, told.way, told.window]) !== JSON.stringify([last.revision, last.way, last.window])
        last = { ...told, lines: told.lines ?? last.lines }
        if (changed) render()
      } else {
        offline(true, answer.status === 404)
      }
    } catch {
      if (mine !== round) return
      offline(true)
    }
    await new Promise((done) => setTimeout(done, 1_000))
    if (mine !== round) return
  }
}

function offline(yes, none) {
  find('trouble').dataset.offline = yes ? 'yes' : ''
  trouble(yes ? (none ? words.noDemo : words.offline) : '')
}

async function ask(path, body) {
  const picture = body instanceof Blob
  try {
    const answer = await fetch(`${base}/${path}`, {
      method: 'POST',
      headers: { 'content-type': picture ? 'application/octet-stream' : 'application/json' },
      body: picture ? body : JSON.stringify(body),
    })
    if (answer.ok) {
      trouble('')
      sticks = true
      poll()
      return true
    }
    const problem = await answer.json().catch(() => ({}))
    const code = answer.status === 413 ? 'too_large' : problem.code
    trouble(words.notSent(words.codes[code] ?? code ?? answer.status))
  } catch {
    trouble(words.notSent(words.offline))
  }
  return false
}

function be(code) {
  person = code
  memory.set('person', code)
  last = { revision: null, lines: [], way: 'clear', window: null }
  shown = new Map()
  sticks = true
  find('log').replaceChildren()
  trouble('')
  for (const button of document.querySelectorAll('#people button')) button.setAttribute('aria-pressed', String(button.value === code))
  find('pick').value = code
  render()
  poll()
}

function compose() {
  const text = find('text')
  const fit = () => {
    text.style.height = 'auto'
    text.style.height = `${text.scrollHeight + 2}px`
    document.querySelector('.send').disabled = !text.value.trim()
  }
  text.addEventListener('input', fit)
  text.addEventListener('keydown', (event) => {
    // An input method confirms its choice with Enter as well.
    if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) {
      event.preventDefault()
      find('composer').requestSubmit()
    }
  })
  let busy = false
  find('composer').addEventListener('submit', async (event) => {
    event.preventDefault()
    if (busy || !text.value.trim()) return
    busy = true
    const said = text.value
    if (await ask('say', { person, text: said })) {
      // What was typed meanwhile stays.
      if (text.value.startsWith(said)) text.value = text.value.slice(said.length)
      fit()
    }
    busy = false
    text.focus()
  })
  find('file').addEventListener('change', async () => {
    const [file] = find('file').files
    if (file) await ask(`picture?person=${encodeURIComponent(person)}`, file)
    find('file').value = ''
  })
  find('log').addEventListener('scroll', () => {
    const log = find('log')
    sticks = log.scrollHeight - log.scrollTop - log.clientHeight < 60
  })
}

async function start() {
  find('language').addEventListener('click', () => {
    words = words === EN ? ZH : EN
    memory.set('lang', words === EN ? 'en' : 'zh')
    speak()
  })
  find('over').addEventListener('click', () => ask('window-over', { person }))
  find('way').addEventListener('change', (event) => ask('way', { person, way: event.target.value }))
  find('pick').addEventListener('change', () => be(find('pick').value))
  compose()
  speak()
  try {
    const answer = await fetch(`${base}/people`)
    if (!answer.ok) throw new Error(String(answer.status))
    const told = await answer.json()
    people = told.people
    entries = told.menu
  } catch {
    trouble(words.noDemo)
    return
  }
  find('people').replaceChildren(
    ...people.map(({ person: code, name }) => {
      const item = element('li')
      const button = element('button', '', name)
      button.type = 'button'
      button.value = code
      button.addEventListener('click', () => be(code))
      item.append(button)
      return item
    }),
  )
  find('pick').replaceChildren(...people.map(({ person: code, name }) => new Option(name, code)))
  speak()
  const before = memory.get('person')
  be(people.some(({ person: code }) => code === before) ? before : people[0].person)
}

start()
