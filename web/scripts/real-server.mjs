// What a walk on the real server stands on: the built console before it, and Chromium.
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { createServer, request } from 'node:http'
import { createRequire } from 'node:module'
import { connect } from 'node:net'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'

const { chromium } = createRequire(import.meta.url)('playwright-core')
const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium'
export const upstream = process.env.SHOUJIE_SERVER
if (!upstream || !existsSync(executablePath)) {
  console.log('no Chromium, or SHOUJIE_SERVER names no demo server: the walk is left out')
  process.exit(0)
}
const dist = fileURLToPath(new URL('../dist', import.meta.url))
export const shots = process.env.SHOTS
if (shots) mkdirSync(shots, { recursive: true })
export const password = process.env.PASSWORD ?? 'Shoujie-demo-1'

const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' }
/** The built console before the real server. */
export const front = createServer((asked, answer) => {
  const path = new URL(asked.url, 'http://x').pathname
  if (path.startsWith('/api/')) {
    const { hostname, port } = new URL(upstream)
    const on = request({ port, host: hostname, method: asked.method, path: asked.url, headers: asked.headers }, (from) => {
      answer.writeHead(from.statusCode, from.headers)
      from.pipe(answer)
    })
    on.on('error', () => answer.destroy())
    answer.on('close', () => on.destroy())
    return asked.pipe(on)
  }
  const file = extname(path) && existsSync(dist + path) ? dist + path : `${dist}/index.html`
  answer.writeHead(200, { 'content-type': TYPES[extname(file)] ?? 'application/octet-stream' }).end(readFileSync(file))
})
// The telephone of an agent goes the same way.
front.on('upgrade', (asked, socket, head) => {
  const { hostname, port } = new URL(upstream)
  const on = connect(Number(port), hostname, () => {
    on.write(`${asked.method} ${asked.url} HTTP/1.1\r\n${asked.rawHeaders.map((part, i) => (i % 2 ? `${part}\r\n` : `${part}: `)).join('')}\r\n`)
    on.write(head)
    socket.pipe(on).pipe(socket)
  })
  on.on('error', () => socket.destroy())
  socket.on('error', () => on.destroy())
  socket.on('close', () => on.destroy())
})
await new Promise((resolve) => front.listen(0, '127.0.0.1', resolve))
export const base = `http://127.0.0.1:${front.address().port}`
export const browser = await chromium.launch({ executablePath, headless: true, args: ['--no-sandbox', '--disable-gpu', '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'] })
export const LOW = { width: 1366, height: 768 }
export const WIDE = { width: 1920, height: 1080 }
