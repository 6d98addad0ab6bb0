// A stand-in for the visitor's side of the chat: the contract of the channels, the built widget, and another website
// that embeds it. `POST /mock` plays the agent and every mishap. For the walk and for looking at pages.
import { randomUUID } from 'node:crypto'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import { join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'

const dist = fileURLToPath(new URL('../../dist/', import.meta.url))
const TYPES = { html: 'text/html; charset=utf-8', js: 'text/javascript', css: 'text/css', svg: 'image/svg+xml', json: 'application/json' }
const NOTICE = '为答复您的咨询，我们收集您填写的称呼、联系电话和咨询内容，只用于本次咨询的受理、答复和回访，由采购单位委托的热线服务方处理，保存至受理办结后三年。\n您可以不填写称呼和电话；不填写电话时，断线后我们无法与您联系。\n您可以拨打热线查询、更正或删除您的个人信息。'
const ORIGIN = '0123456789abcdef'

export function start({ port = 0, beat = 15_000 } = {}) {
  const world = {
    open: true, opens_at: '2026-11-27T00:30:00Z', notice: '2026-1', files: new Map(), streams: new Set(),
    /** Mishaps: how often the next request of a route is refused, whether streams live but bring nothing. */
    refuse: [], lose: 0, mute: false, delay: 0, left: [], log: [], sessions: new Map(),
  }
  const iso = (ms = 0) => new Date(Date.now() + ms).toISOString()
  const view = (s) => ({
    id: s.messages.length > 0 ? s.id : null, state: s.messages.length > 0 ? s.state : 'none', place: s.state === 'waiting' ? s.place : null, agent: s.agent ? { staff_no: s.agent } : null, open: world.open,
    last_seq: s.last, agent_read_seq: s.agentRead, may_rate: s.state === 'ended' && !s.satisfaction, satisfaction: s.satisfaction,
  })
  const event = (s, kind, data, id) => {
    if (world.mute) return
    for (const stream of world.streams) if (stream.s === s) stream.res.write(`${id ? `id: ${s.id}.${id}\n` : ''}event: ${kind}\ndata: ${JSON.stringify(data)}\n\n`)
  }
  /** `12`, or `<conversation>.12`; of another conversation, from the beginning. */
  const behind = (s, place) => {
    const [of, seq] = (place ?? '0').includes('.') ? place.split('.') : [s.id, place]
    return of === s.id ? +(seq ?? 0) : 0
  }
  const state = (s) => event(s, 'state', view(s))
  function add(s, from, text, more = {}) {
    const message = { id: randomUUID(), conversation_id: s.id, seq: (s.last += 1), from, kind: more.file ? (more.file.media_type.startsWith('image/') ? 'image' : 'file') : 'text', text, file: more.file ?? null, at: more.at ?? iso(), client_id: more.client_id ?? null }
    s.messages.push(message)
    if (!more.silent) event(s, 'message', message, message.seq)
    return message
  }
  const hide = (s) => (s.last += 1)
  /** A message after the end opens the next conversation; its numbers begin anew. */
  function reopen(s) {
    if (s.state !== 'ended' && s.state !== 'left') return
    Object.assign(s, { id: randomUUID(), state: 'waiting', place: 1, agent: null, agentRead: 0, satisfaction: null, messages: [], last: 0 })
    state(s)
  }
  const latest = () => [...world.sessions.values()].at(-1)

  const play = {
    // What happened has a place too, which a visitor is not told of.
    accept: ({ no = '8003' }) => { const s = latest(); Object.assign(s, { state: 'active', agent: no }); hide(s); state(s); add(s, 'system', '您好，已为您接通。') },
    say: ({ text, file, silent, at }) => add(latest(), 'agent', text ?? '', { file: file && addFile(file), silent, at }),
    swap: ({ texts }) => { // Two that come in the wrong order, and one of them twice.
      const s = latest()
      const [a, b] = texts.map((text) => add(s, 'agent', text, { silent: true }))
      for (const one of [b, a, b]) event(s, 'message', one, one.seq)
    },
    place: ({ place }) => { latest().place = place; state(latest()) },
    typing: () => event(latest(), 'typing', { until: iso(6_000) }),
    read: () => { const s = latest(); s.agentRead = s.last; event(s, 'read', { seq: s.agentRead }) },
    end: () => { const s = latest(); s.state = 'ended'; hide(s); state(s) },
    hours: ({ open }) => { world.open = open; for (const s of world.sessions.values()) state(s) },
    notice: ({ version }) => { world.notice = version },
    /** Refuse the next `times` POST requests to `path`. */
    refuse: ({ path, status, code = 'refused', times = 1, after, field }) => world.refuse.push({ path, status, code, times, after, field }),
    lose: ({ times }) => { world.lose = times },
    mute: ({ on }) => { world.mute = on },
    delay: ({ ms }) => { world.delay = ms },
    cut: () => { for (const { res } of world.streams) res.destroy() },
    forget: () => world.sessions.clear(),
    look: () => ({ log: world.log, left: world.left, streams: world.streams.size, messages: latest()?.messages ?? [] }),
  }
  function addFile({ name, media_type, base64 }) {
    const file = { id: randomUUID(), name, media_type, bytes: Buffer.from(base64, 'base64').length }
    world.files.set(file.id, { ...file, data: Buffer.from(base64, 'base64') })
    return file
  }

  let own = 0
  const server = createServer((req, res) => {
    const url = new URL(req.url, 'http://x')
    const chunks = []
    req.on('data', (chunk) => chunks.push(chunk))
    req.on('end', () => {
      const body = Buffer.concat(chunks)
      setTimeout(() => answer(req, res, url, body), url.pathname.startsWith('/api/') ? world.delay : 0)
    })
  })
  function json(res, status, data, headers = {}) {
    res.writeHead(status, { 'content-type': status >= 400 ? 'application/problem+json' : 'application/json', 'cache-control': 'no-store', ...headers })
    res.end(data === null ? undefined : JSON.stringify(data))
  }
  const problem = (res, status, code, more = {}, headers = {}) => json(res, status, { type: `/problems/${code}`, status, title: code, code, detail: code, ...more }, headers)

  function answer(req, res, url, body) {
    if (url.pathname === '/mock') {
      const { do: what, ...more } = JSON.parse(body.toString())
      const said = play[what](more)
      return json(res, 200, said ?? {})
    }
    if (!url.pathname.startsWith('/api/')) return page(res, url)
    const path = url.pathname.replace('/api/v1/chat', '')
    world.log.push(`${req.method} ${path}${url.search}`)
    if (world.lose && req.method === 'POST' && path === '/messages') {
      // It arrives; the answer does not.
      world.lose -= 1
      const lost = JSON.parse(body.toString())
      const of = world.sessions.get(req.headers.authorization?.replace('Bearer ', ''))
      if (!of.known.has(lost.client_id)) of.known.set(lost.client_id, add(of, 'me', lost.text, { client_id: lost.client_id, silent: true }))
      return problem(res, 504, 'timeout')
    }
    const refused = world.refuse.find((one) => req.method === 'POST' && path.startsWith(one.path) && one.times > 0)
    if (refused) {
      refused.times -= 1
      return problem(res, refused.status, refused.code, { ...(refused.field ? { field: refused.field } : {}), ...(refused.after ? { retry_after_s: refused.after } : {}) }, {})
    }
    if (url.pathname === '/api/v1/config-public') return json(res, 200, { name: '首接', timezone: 'Asia/Shanghai' })
    const sent = req.headers['content-type']?.startsWith('application/json') && body.length > 0 ? JSON.parse(body.toString()) : {}
    if (path === '/config') return json(res, 200, { channel: 'web', name: '在线咨询', open: world.open, opens_at: world.open ? null : world.opens_at, notice: { version: world.notice, text: NOTICE }, form: { matters: [{ code: '101', name: '报名条件' }, { code: '106', name: '缴费与退费' }, { code: '201', name: '职称评审认定' }] }, most_text: 2000, most_file: 5 << 20, files: ['image/png', 'image/jpeg', 'image/gif', 'application/pdf', 'text/plain', 'application/zip'], hotline: '12333' })
    if (path === '/sessions' || path === '/left-messages') {
      if (sent.consent !== world.notice) return problem(res, 422, 'consent_missing', { field: 'consent' })
      if (sent.phone && !/^[\d +()-]{7,}$/.test(sent.phone)) return problem(res, 422, 'bad_value', { field: 'phone' })
      if (path === '/left-messages') {
        if (!sent.phone) return problem(res, 422, 'bad_value', { field: 'phone' })
        if (!world.left.some((one) => one.client_id === sent.client_id)) world.left.push(sent)
        return json(res, 201, { number: `SJ20261126-${String(world.left.length).padStart(4, '0')}`, due_at: '2026-11-30T10:00:00Z' })
      }
      const s = { id: randomUUID(), token: randomUUID(), state: 'waiting', place: 3, agent: null, agentRead: 0, satisfaction: null, messages: [], last: 0, known: new Map() }
      world.sessions.set(s.token, s)
      if (sent.text) add(s, 'me', sent.text, { client_id: `first-${s.id}` })
      return json(res, 201, { token: s.token, conversation: view(s) })
    }
    const token = req.headers.authorization?.replace('Bearer ', '') ?? url.searchParams.get('token')
    const s = world.sessions.get(token)
    if (!s) return problem(res, 401, 'not_a_visitor')
    if (path === '' || path === '/') return json(res, 200, view(s))
    if (path === '/events') {
      const after = behind(s, req.headers['last-event-id'] ?? url.searchParams.get('after'))
      res.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
      res.write(`event: state\ndata: ${JSON.stringify(view(s))}\n\n`)
      const stream = { s, res }
      world.streams.add(stream)
      if (!world.mute) {
        for (const one of s.messages.filter((m) => m.seq > after)) res.write(`id: ${s.id}.${one.seq}\nevent: message\ndata: ${JSON.stringify(one)}\n\n`)
      }
      const pulse = setInterval(() => res.write(': beat\n\n'), beat)
      const gone = () => { clearInterval(pulse); world.streams.delete(stream) }
      res.on('close', gone)
      res.on('error', gone)
      return
    }
    if (path === '/messages' && req.method === 'GET') {
      const rest = s.messages.filter((m) => m.seq > behind(s, url.searchParams.get('after')))
      return json(res, 200, { items: rest.slice(0, 50), more: rest.length > 50 })
    }
    if (path === '/messages' || path === '/files') {
      const clientId = sent.client_id ?? url.searchParams.get('client_id')
      if (s.known.has(clientId)) return json(res, 201, s.known.get(clientId))
      if ((sent.text ?? '').length > 2000) return problem(res, 422, 'text_too_long', { field: 'text' })
      reopen(s)
      let file = null
      if (path === '/files') {
        const raw = body.toString('latin1')
        const head = /filename="([^"]*)"\r\nContent-Type: ([^\r]*)\r\n\r\n/.exec(raw)
        const from = head.index + head[0].length
        const to = raw.lastIndexOf('\r\n--')
        file = addFile({ name: Buffer.from(head[1], 'latin1').toString(), media_type: head[2], base64: Buffer.from(raw.slice(from, to), 'latin1').toString('base64') })
      }
      const message = add(s, 'me', sent.text ?? '', { client_id: clientId, file })
      s.known.set(clientId, message)
      return json(res, 201, message)
    }
    if (path.startsWith('/files/')) {
      const file = world.files.get(path.slice(7))
      if (!file) return problem(res, 404, 'not_found')
      res.writeHead(200, { 'content-type': file.media_type, 'content-disposition': 'attachment' })
      return res.end(file.data)
    }
    if (path === '/end') { if (s.state !== 'ended') { s.state = 'ended'; hide(s); state(s) } return json(res, 200, view(s)) }
    if (path === '/rating') { s.satisfaction = sent.said; state(s); return json(res, 200, view(s)) }
    if (path === '/typing' || path === '/read') return json(res, 204, null)
    problem(res, 404, 'not_found')
  }

  /** Files with the headers the server ought to give them. */
  function page(res, url) {
    let name = normalize(url.pathname).replace(/^\/+/, '')
    if (name === '' || name.endsWith('/')) name += 'index.html'
    let path = join(dist, name)
    if (!existsSync(path) || !statSync(path).isFile()) path = join(dist, (name = 'index.html'))
    const framed = name.startsWith('widget/')
    res.writeHead(200, {
      'content-type': TYPES[name.split('.').pop()] ?? 'application/octet-stream', 'x-content-type-options': 'nosniff',
      'content-security-policy': `default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; media-src 'self' blob:; worker-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors ${framed ? '*' : "'none'"}`,
      ...(framed ? {} : { 'x-frame-options': 'DENY' }), 'referrer-policy': 'same-origin',
    })
    res.end(readFileSync(path))
  }

  /** Somebody else's page: strict about scripts and styles, and with styles that would spoil a careless widget. */
  function other(res) {
    const base = `http://127.0.0.1:${own}`
    res.writeHead(200, {
      'content-type': TYPES.html,
      'content-security-policy': `default-src 'self'; script-src ${base}; style-src 'nonce-${ORIGIN}'; frame-src ${base}`,
    })
    res.end(`<!doctype html><html lang="zh-CN"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>某单位网站</title>
<style nonce="${ORIGIN}">button { background: lime !important; width: 300px !important; font-size: 40px } div { border: 3px dotted red } body { font: 16px sans-serif; min-height: 3000px }</style>
<h1>某单位网站</h1><p>内容 <a href="#x" id="first">第一个链接</a></p><button id="theirs">本站按钮</button>
<script src="${base}/widget.js" data-channel="web" data-lang="zh-CN" async></script></html>`)
  }

  // Another port is another origin.
  const neighbour = createServer((req, res) => other(res))
  const listen = (one, at) => new Promise((done) => one.listen(at, '127.0.0.1', done))
  return Promise.all([listen(server, port), listen(neighbour, 0)]).then(() => ({
    port: (own = server.address().port),
    otherPort: neighbour.address().port,
    world,
    play: (what, more = {}) => play[what](more),
    /** The process dies in the middle: every connection with it. */
    crash: () => new Promise((done) => { server.closeAllConnections(); server.close(done) }),
    again: (port) => listen(server, port),
    stop: () => { for (const one of [server, neighbour]) { one.closeAllConnections(); one.close() } },
  }))
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const mock = await start({ port: +(process.env.PORT ?? 4020) })
  console.log(`chat stand-in on http://127.0.0.1:${mock.port}/site/ and http://127.0.0.1:${mock.otherPort}/`)
}
