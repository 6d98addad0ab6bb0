// An agent's walk through the built inbox in a real Chromium, against the stand-in server: one conversation from the
// ring to its closed record by keyboard alone, a transfer, a file, and a server that is away for a while.
// `SHOTS=/tmp/shots node scripts/walk-inbox.mjs` keeps pictures; `RATE=4` slows the browser as a slow machine would.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { createServer, request } from 'node:http'
import { createRequire } from 'node:module'
import { connect } from 'node:net'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'

const { chromium } = createRequire(import.meta.url)('playwright-core')
const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium'
if (!existsSync(executablePath)) {
  console.log('no Chromium here: the walk is left out')
  process.exit(0)
}
const dist = fileURLToPath(new URL('../dist', import.meta.url))
if (!existsSync(`${dist}/index.html`)) {
  console.error('the console was not built: npm run build')
  process.exit(1)
}
const shots = process.env.SHOTS
if (shots) mkdirSync(shots, { recursive: true })

const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' }
/** The stand-in, and before it the built console; `away` lets it refuse as a gateway without a server does. */
async function start() {
  const mock = spawn(process.execPath, [fileURLToPath(new URL('../tests/mock/server.mjs', import.meta.url))], { env: { ...process.env, PORT: '0', DELAY: '5' }, stdio: ['ignore', 'pipe', 'inherit'] })
  const port = await new Promise((resolve, reject) => {
    mock.stdout.on('data', (text) => resolve(Number(/mock on (\d+)/.exec(text)[1])))
    mock.on('exit', () => reject(new Error('the stand-in did not start')))
  })
  const state = { away: false }
  const streams = new Set()
  const front = createServer((asked, answer) => {
    const path = new URL(asked.url, 'http://x').pathname
    if (path.startsWith('/api/')) {
      if (state.away) return answer.writeHead(502, { 'content-type': 'text/html' }).end('<h1>Bad gateway</h1>')
      const on = request({ port, host: '127.0.0.1', method: asked.method, path: asked.url, headers: asked.headers }, (from) => {
        answer.writeHead(from.statusCode, from.headers)
        from.pipe(answer)
      })
      on.on('error', () => answer.destroy())
      streams.add(answer)
      answer.on('close', () => { streams.delete(answer); on.destroy() })
      return asked.pipe(on)
    }
    const file = extname(path) && existsSync(dist + path) ? dist + path : `${dist}/index.html`
    answer.writeHead(200, { 'content-type': TYPES[extname(file)] ?? 'application/octet-stream' }).end(readFileSync(file))
  })
  front.on('upgrade', (asked, socket, head) => {
    const on = connect(port, '127.0.0.1', () => {
      on.write(`${asked.method} ${asked.url} HTTP/1.1\r\n${asked.rawHeaders.map((part, i) => (i % 2 ? `${part}\r\n` : `${part}: `)).join('')}\r\n`)
      on.write(head)
      socket.pipe(on).pipe(socket)
    })
    on.on('error', () => socket.destroy())
    socket.on('error', () => on.destroy())
    socket.on('close', () => on.destroy())
  })
  await new Promise((resolve) => front.listen(0, '127.0.0.1', resolve))
  const base = `http://127.0.0.1:${front.address().port}`
  const stage = async (turn, query = {}) => (await fetch(`http://127.0.0.1:${port}/api/v1/mock/${turn}?${new URLSearchParams(query)}`)).text()
  return {
    base, stage,
    away(on) {
      state.away = on
      if (on) for (const stream of streams) stream.destroy()
    },
    stop() {
      mock.removeAllListeners('exit')
      mock.kill()
      front.closeAllConnections()
      front.close()
    },
  }
}

const browser = await chromium.launch({ executablePath, headless: true, args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'] })
let failures = 0
async function walk(name, viewport, steps) {
  if (process.argv[2] && !name.includes(process.argv[2])) return
  const server = await start()
  const context = await browser.newContext({ viewport, locale: 'zh-CN' })
  const page = await context.newPage()
  const faults = []
  page.on('pageerror', (error) => faults.push(`pageerror: ${error.message}`))
  page.on('console', (line) => {
    // A refused or lost request is part of the walk.
    if (line.type() === 'error' && !/Failed to load resource|net::ERR|WebSocket/.test(line.text())) faults.push(line.text())
  })
  page.setDefaultTimeout(10_000)
  if (process.env.RATE) await (await context.newCDPSession(page)).send('Emulation.setCPUThrottlingRate', { rate: Number(process.env.RATE) })
  const shot = async (what) => shots && page.screenshot({ path: `${shots}/${name}-${what}.png` })
  try {
    await server.stage('sign-in', { who: 'agent1' })
    await server.stage('chat-clear')
    await page.goto(`${server.base}/desk`)
    await page.getByText('电话已连上').waitFor()
    await steps({ page, server, shot, press: (key) => page.keyboard.press(key), type: (text) => page.keyboard.type(text), at: (id) => page.getByTestId(id) })
    assert.deepEqual(faults, [])
    console.log(`ok   ${name}`)
  } catch (error) {
    failures += 1
    console.error(`FAIL ${name}: ${error.stack}\n${faults.join('\n')}`)
    if (shots) await page.screenshot({ path: `${shots}/${name}-FAILED.png` }).catch(() => {})
  } finally {
    await context.close()
    server.stop()
  }
}

const focused = (page, id) => page.waitForFunction((asked) => document.activeElement?.closest(`[data-testid="${asked}"]`), id)
const bubble = (page, text) => page.getByTestId('thread').getByText(text, { exact: true })
/** It rings on whichever page, and is taken by key. */
async function taken({ page, server, press, at }) {
  await server.stage('chat-offer')
  await at('chat-offer').waitFor()
  await press('F2')
  await page.waitForURL(/\/inbox\?.*open=/)
  await focused(page, 'compose')
}

const LOW = { width: 1366, height: 768 }
await walk('by keyboard alone', LOW, async (it) => {
  const { page, server, shot, press, type, at } = it
  await taken(it)
  await type('您好，请稍等，我看一下。')
  await press('Control+Enter')
  await bubble(page, '您好，请稍等，我看一下。').waitFor()
  await page.getByTestId('thread').getByText('已读').first().waitFor()
  await server.stage('chat-typing')
  await page.getByTestId('thread').getByText(/正在输入/).waitFor()
  await server.stage('chat-say', { text: '准考证什么时候打印？' })
  await bubble(page, '准考证什么时候打印？').waitFor()
  // An approved answer by the initials of its pinyin.
  await type('/zkz')
  await at('script-picker').getByText('准考证打印时间').waitFor()
  await shot('script')
  await press('Enter')
  await page.waitForFunction(() => document.querySelector('[data-testid="compose"]').value.startsWith('通常在考前一段时间开放'))
  await press('Control+Enter')
  await page.getByTestId('thread').getByText(/通常在考前一段时间开放/).last().waitFor()
  await press('Alt+n')
  await type('上周问过同样的问题')
  await press('Control+Enter')
  await bubble(page, '上周问过同样的问题').waitFor()
  await press('Alt+e')
  await page.getByText('结束这次会话？').waitFor()
  await press('Enter')
  await page.waitForFunction(() => !document.querySelector('.el-overlay:not([style*="display: none"])'))
  await focused(page, 'wrap-up-form')
  await bubble(page, '座席结束了会话').waitFor()
  // What was sent as approved is cited by itself.
  await at('wrap-up-form').getByText('准考证打印时间').waitFor()
  await press('1')
  await type('/zkz')
  await page.locator('#matter-list').getByText('准考证').first().waitFor()
  await press('Enter')
  await press('d')
  await press('b')
  await type('问准考证打印时间，已答复')
  await shot('record')
  await press('Control+Enter')
  await page.waitForURL((url) => !url.searchParams.has('open'))
  await at('inbox').getByText('手上没有会话').waitFor()
})

await walk('a transfer by keys, to who is free first', LOW, async (it) => {
  const { page, shot, press, type, at } = it
  await taken(it)
  await press('Alt+t')
  await at('transfer-dialog').waitFor()
  await page.waitForFunction(() => document.activeElement?.closest('.el-radio-group'))
  await press('ArrowRight')
  await at('transfer-agent').waitFor()
  await press('Tab')
  await press('Enter')
  await page.getByRole('option', { name: /陈嘉明/ }).waitFor()
  await shot('receivers')
  await type('嘉')
  await press('ArrowDown')
  await press('Enter')
  await press('Tab')
  await type('职称的问题，请接手')
  await press('Control+Enter')
  await page.getByText('已转接').waitFor()
  await at('inbox').getByText('手上没有会话').waitFor()
})

await walk('a file, and one that is declined', LOW, async (it) => {
  const { page, server, press, at } = it
  await taken(it)
  await at('chat-file').setInputFiles({ name: '办理指南.pdf', mimeType: 'application/pdf', buffer: Buffer.from('%PDF-1.4\n%%EOF\n') })
  await page.locator('.files').getByText('办理指南.pdf').waitFor()
  await press('Control+Enter')
  await page.getByTestId('thread').getByText('办理指南.pdf').waitFor()
  await server.stage('chat-offer')
  await at('chat-offer').waitFor()
  await press('F4')
  await at('chat-offer').waitFor({ state: 'detached' })
  assert.equal(await at('inbox').getByTestId('chat-list').getByRole('option').count(), 1)
})

await walk('a server that is away for a while', { width: 1920, height: 1080 }, async (it) => {
  const { page, server, shot, press, type } = it
  await taken(it)
  server.away(true)
  for (const text of ['断线时说的一', '断线时说的二']) {
    await type(text)
    await press('Control+Enter')
  }
  await page.getByText('没有发出，正在自动重发').waitFor()
  await shot('away')
  await server.stage('chat-silent', { text: '您还在吗？' })
  server.away(false)
  for (const text of ['断线时说的一', '断线时说的二', '您还在吗？']) await bubble(page, text).waitFor({ timeout: 20_000 })
  await page.getByTestId('pending').first().waitFor({ state: 'detached' })
  const said = await page.getByTestId('thread').innerText()
  for (const text of ['断线时说的一', '断线时说的二', '您还在吗？']) assert.equal(said.split(text).length, 2, `${text} stands there once`)
  assert.ok(said.indexOf('断线时说的一') < said.indexOf('断线时说的二'), 'in the order they were written')
  await shot('back')
})

await walk('knowledge and a fault tree beside the chat', LOW, async (it) => {
  const { page, server, shot, press, type, at } = it
  const kept = async (what) => (await page.request.get(`${server.base}/api/v1/${what}`)).json()
  const written = (part) => page.waitForFunction((asked) => document.querySelector('[data-testid="compose"]')?.value.includes(asked), part)
  await taken(it)
  await server.stage('chat-say', { text: '报名费交错了，可以退费吗' })
  await bubble(page, '报名费交错了，可以退费吗').waitFor()
  // What fits what was written stands there before anything is typed.
  await press('Alt+s')
  await focused(page, 'knowledge-query')
  await at('knowledge-said').getByText('报名费交错了，可以退费吗').waitFor()
  await at('hit-0').getByText('报名费交错了能否退费').waitFor()
  await shot('suggested')
  await press('Enter')
  await focused(page, 'compose')
  await written('通常缴费成功后不退费')
  await press('Control+Enter')
  await page.getByTestId('thread').getByText('核定口径 v2').waitFor()
  // By the initials of the pinyin, and a step down the list.
  await press('Alt+s')
  await type('zkz')
  await at('hit-0').getByText('准考证打印时间').waitFor()
  await press('Enter')
  await written('通常在考前一段时间开放')
  await press('Control+Enter')
  await page.getByTestId('thread').getByText(/通常在考前一段时间开放/).last().waitFor()
  // What is not there is a gap.
  await press('Alt+s')
  await press('Escape')
  await type('外省的注册怎么转')
  await at('knowledge-search').getByText('没有找到“外省的注册怎么转”').waitFor()
  await shot('gap')
  await press('Enter')
  await at('gap-kept').waitFor()
  assert.ok((await kept('knowledge-gaps')).items.some((gap) => gap.query === '外省的注册怎么转'))
  await press('Escape')
  await press('Escape')
  await focused(page, 'compose')
  // A fault tree: its end goes into the message, its path stays with the conversation.
  await press('Alt+g')
  await focused(page, 'tree-query')
  await type('bmxt')
  await at('tree-panel').getByRole('option', { name: /报名系统登录不了/ }).waitFor()
  await press('Enter')
  await focused(page, 'tree-walk')
  await press('1')
  await press('1')
  await at('tree-outcome').getByText('忘记用户名或密码').waitFor()
  await at('tree-take').waitFor()
  await press('r')
  await at('tree-recorded').waitFor()
  await shot('tree')
  const [walked] = (await kept('fault-tree-walks')).items
  assert.ok(walked.conversation_id && walked.outcome === 'article' && walked.path.length === 2)
  await press('Enter')
  await focused(page, 'compose')
  await written('找回用户名或密码')
  await press('Control+Enter')
  await page.getByTestId('thread').getByText(/找回用户名或密码/).last().waitFor()
  // The walk stands where it was left, and the record cites all three.
  await press('Alt+g')
  await at('tree-recorded').waitFor()
  await press('Alt+j')
  await focused(page, 'wrap-up-form')
  for (const title of ['报名费交错了能否退费', '准考证打印时间', '忘记报名系统密码']) await at('cited').getByText(title).waitFor()
  await shot('record')
})

await walk('knowledge and a fault tree beside a call', LOW, async (it) => {
  const { page, server, shot, press, type, at } = it
  await server.stage('ring')
  await at('softphone-answer').waitFor()
  await press('F2')
  await page.locator('[data-testid="softphone"][data-phase="talking"]').waitFor()
  await focused(page, 'wrap-up-form')
  await press('Alt+s')
  await focused(page, 'knowledge-query')
  await type('zkz')
  await at('hit-0').getByText('准考证打印时间').waitFor()
  await press('Enter')
  await at('cited').getByText('准考证打印时间').waitFor()
  await shot('cited')
  await press('Alt+g')
  await focused(page, 'tree-query')
  await at('tree-panel').getByRole('option').first().waitFor()
  await press('Enter')
  await focused(page, 'tree-walk')
  for (const key of ['1', '1', 'Enter', 'r']) {
    if (key === 'Enter') await at('tree-take').waitFor()
    await press(key)
  }
  await at('tree-recorded').waitFor()
  await at('cited').getByText('忘记报名系统密码').waitFor()
  await shot('tree')
  await press('Alt+u')
  await press('Alt+s')
  await press('Escape')
  await press('Escape')
  await focused(page, 'wrap-up-form')
})

await walk('a model that proposes, and a person who decides', LOW, async (it) => {
  const { page, server, shot, press, type, at } = it
  await server.stage('assist')
  await page.reload()
  await page.getByText('电话已连上').waitFor()
  await taken(it)
  await press('Alt+s')
  await at('assist-ask').focus()
  await press('Enter')
  await at('assist-0').locator('mark').waitFor()
  await shot('picked')
  await at('assist-0').getByRole('button').focus()
  await press('Enter')
  await focused(page, 'compose')
  await press('Control+Enter')
  await page.getByTestId('thread').getByText('核定口径 v2').waitFor()
  await press('Alt+j')
  await at('assist-summarize').focus()
  await press('Enter')
  await at('assist-proposal').waitFor()
  // Nothing is written until somebody takes it.
  assert.equal(await at('summary').inputValue(), '')
  await shot('proposal')
  await at('assist-use').focus()
  await press('Enter')
  await page.waitForFunction(() => document.querySelector('[data-testid="summary"]').value.includes('状态未更新'))
  await at('assist-proposal').waitFor({ state: 'detached' })
})

/** A call that rings, taken by key. */
async function inCall({ page, server, press, at }) {
  await server.stage('ring')
  await at('softphone-answer').waitFor()
  await press('F2')
  await at('talk-transfer').waitFor()
}
const asked = async (server) => JSON.parse(await server.stage('talk-asked'))
/** Every button of the bar is inside the window; the phone's menu stands on a phone alone. */
async function fits(page) {
  const out = await page.evaluate(() => [...document.querySelectorAll('.top button:not([data-testid=menu])')].filter((one) => one.getBoundingClientRect().right > innerWidth || one.getBoundingClientRect().width === 0).length)
  const bar = await page.getByTestId('softphone').evaluate((one) => one.scrollWidth - one.clientWidth)
  assert.deepEqual([out, bar > 1], [0, false])
}
for (const [name, viewport] of [['a colleague is asked, by keyboard', LOW], ['a colleague is asked, on a wide screen', { width: 1920, height: 1080 }]]) {
  await walk(name, viewport, async (it) => {
    const { page, server, shot, press, type, at } = it
    const inDialog = () => page.waitForFunction(() => document.activeElement?.closest('.el-dialog, .el-overlay'))
    await inCall(it)
    await fits(page)
    await shot('talking')
    await press('Alt+x')
    await focused(page, 'transfer-search')
    await at('transfer-choice').first().waitFor()
    await shot('transfer')
    // Who is not free is refused, and the dialog stays.
    await type('hzq')
    await press('Enter')
    await page.getByTestId('transfer-call').getByText('该座席现在不能接').waitFor()
    await press('Control+a')
    await type('hsm')
    await at('transfer-choice').getByText('黄思敏').waitFor()
    await press('Enter')
    await page.getByTestId('transfer-call').waitFor({ state: 'hidden' })
    await page.locator('[data-testid="talk-third"][data-stage="calling"]').waitFor()
    await page.locator('[data-testid="talk-third"][data-stage="asking"]').getByText('黄思敏').waitFor()
    await fits(page)
    await shot('asking')
    await press('Alt+v')
    await page.locator('[data-testid="talk-third"][data-stage="waiting"]').waitFor()
    await press('Alt+o')
    await page.locator('[data-testid="talk-third"][data-stage="together"]').waitFor()
    await press('Alt+p')
    await at('talk-paused').getByText('2:5').waitFor()
    await fits(page)
    await shot('together-paused')
    // A reload knows both.
    await page.reload()
    await page.locator('[data-testid="talk-third"][data-stage="together"]').getByText('黄思敏').waitFor()
    await at('talk-paused').getByText('2:5').waitFor()
    await at('softphone-hangup').waitFor()
    await press('Alt+p')
    await at('talk-paused').waitFor({ state: 'detached' })
    await press('Alt+k')
    await focused(page, 'keypad')
    await type('12#')
    await page.getByTestId('keypad-pressed').getByText('12#').waitFor()
    await shot('keypad')
    await press('Escape')
    await at('keypad').waitFor({ state: 'detached' })
    // They go one after the other.
    while ((await asked(server)).filter((one) => one.verb === 'POST keys').length < 3) await page.waitForTimeout(50)
    await press('Alt+h')
    await page.getByText('已通知班长').waitFor()
    if (viewport === LOW) {
      await at('talk-more').click()
      await page.getByRole('menuitem').first().waitFor()
      await page.waitForTimeout(300)
      await shot('more')
      // The sound that is picked up again takes no menu away from under the hand.
      await page.evaluate(() => new MutationObserver((_, watch) => {
        if (document.querySelector('.reattaching')) (window.reattaching = true) && watch.disconnect()
      }).observe(document.body, { childList: true, subtree: true }))
      await server.stage('reattach')
      await page.waitForFunction(() => window.reattaching && !document.querySelector('.reattaching'))
      await page.getByRole('menuitem').first().waitFor()
      await fits(page)
      await press('Escape')
      await page.getByRole('menuitem').first().waitFor({ state: 'hidden' })
    }
    await press('Alt+q')
    await page.getByRole('dialog').getByTestId('instruction-title').waitFor()
    await inDialog()
    await press('Escape')
    await page.getByTestId('instruction-title').waitFor({ state: 'hidden' })
    await press('Alt+m')
    await page.getByTestId('emergency-about').waitFor()
    await inDialog()
    await press('Escape')
    await page.getByTestId('emergency-about').waitFor({ state: 'hidden' })
    await press('Alt+w')
    await at('wrap-up-left').waitFor()
    assert.deepEqual((await asked(server)).map((one) => one.verb.split(' ')[1]), ['consult', 'consult', 'swap', 'join', 'pause-recording', 'resume-recording', 'keys', 'keys', 'keys', 'help', 'complete'])
  })
}

await walk('the bar has room, in English and beside other pages', LOW, async (it) => {
  const { page, shot, press, type, at } = it
  await inCall(it)
  await page.evaluate(() => localStorage.setItem('shoujie.language', 'en'))
  await page.goto(page.url().replace('/desk', '/my/tickets'))
  await page.locator('[data-testid="softphone"][data-phase="talking"]').waitFor()
  await at('talk-more').waitFor()
  await fits(page)
  await shot('talking')
  await press('Alt+x')
  await focused(page, 'transfer-search')
  await type('hsm')
  await at('transfer-choice').first().waitFor()
  await press('Enter')
  await page.locator('[data-testid="talk-third"][data-stage="asking"]').waitFor()
  await fits(page)
  await shot('asking')
  await press('Alt+p')
  await at('talk-paused').waitFor()
  await fits(page)
  await shot('paused')
  await press('Alt+z')
  await at('talk-third').waitFor({ state: 'detached' })
  await fits(page)
})

await walk('asked by a colleague', LOW, async (it) => {
  const { page, server, shot, press, at } = it
  await server.stage('talk-asks-me')
  await at('softphone-part').getByText('咨询来电').waitFor()
  await at('asked-by').waitFor()
  await at('softphone-part').getByText('王* 139****7777').waitFor()
  await fits(page)
  await press('F2')
  await page.locator('[data-testid="softphone"][data-phase="talking"]').waitFor()
  await at('softphone-hangup').getByText('退出').waitFor()
  await shot('asked')
  // No record, no page of the requester; what can be done with the call is another's.
  assert.equal(await page.getByTestId('wrap-up-form').count(), 0)
  assert.equal(await at('talk-transfer').count(), 0)
  await server.stage('talk-let-go')
  await at('softphone-part').waitFor({ state: 'detached' })
})

for (const [name, viewport] of [['a lead listens, by keyboard', LOW], ['a lead listens, on a wide screen', { width: 1920, height: 1080 }]]) {
  await walk(name, viewport, async (it) => {
    const { page, server, shot, press, type, at } = it
    await server.stage('sign-in', { who: 'lead' })
    await page.goto(`${server.base}/control-room`)
    await at('tile-listen').first().waitFor()
    await shot('room')
    await at('tile-listen').first().focus()
    await press('Enter')
    await focused(page, 'supervise-reason')
    await type('新人首日带教')
    await shot('reason')
    await press('Enter')
    await page.locator('[data-testid="supervising"][data-mode="listen"]').getByText('正在监听陈嘉明').waitFor()
    await page.locator('[data-testid="supervising"][data-heard="true"]').waitFor()
    await shot('listening')
    // A reload neither ends it nor hides it.
    await page.reload()
    await page.locator('[data-testid="supervising"][data-mode="listen"]').getByText('正在监听陈嘉明').waitFor()
    await page.locator('[data-testid="supervising"][data-heard="true"]').waitFor()
    await page.locator('[data-testid="supervise-as-listen"] input').focus()
    await press('ArrowRight')
    await page.locator('[data-testid="supervising"][data-mode="whisper"]').waitFor()
    await press('F4')
    await at('supervising').waitFor({ state: 'detached' })
    // The reason is remembered.
    await at('tile-take_over').first().focus()
    await press('Enter')
    await focused(page, 'supervise-reason')
    assert.equal(await page.getByTestId('supervise-reason').inputValue(), '新人首日带教')
    await press('Enter')
    await page.locator('[data-testid="supervising"][data-mode="take_over"]').waitFor()
    await shot('taken')
    assert.deepEqual((await asked(server)).map((one) => [one.verb, one.mode, one.reason]), [
      ['PUT supervision', 'listen', '新人首日带教'], ['PUT supervision', 'whisper', '新人首日带教'], ['DELETE supervision', undefined, undefined],
      ['PUT supervision', 'listen', '新人首日带教'], ['POST take-over', undefined, '新人首日带教'],
    ])
  })
}

await walk('a lead is asked for help', LOW, async (it) => {
  const { page, server, shot, press, at } = it
  await server.stage('sign-in', { who: 'lead' })
  await page.goto(`${server.base}/control-room`)
  await at('tile-listen').first().waitFor()
  await server.stage('talk-help')
  await at('help-wanted').getByText('陈嘉明请求帮助').waitFor()
  await shot('help')
  await at('help-listen').click()
  await page.locator('[data-testid="supervising"][data-mode="listen"]').waitFor()
  await at('help-wanted').waitFor({ state: 'detached' })
})

await browser.close()
process.exit(failures ? 1 : 0)
