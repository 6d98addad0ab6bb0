// A browser that a test drives: one JSON command a line on stdin, one JSON answer a line on stdout.
import { createRequire } from 'node:module'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const require = createRequire(fileURLToPath(new URL('../../../../web/package.json', import.meta.url)))
const { chromium } = require('playwright-core')

const flags = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--disable-features=WebRtcHideLocalIpsWithMdns',
  '--use-fake-device-for-media-stream',
  '--autoplay-policy=no-user-gesture-required',
]
const browsers = new Map()
const pages = new Map()
const logs = []

function target(command) {
  const page = pages.get(command.page)
  if (!page) throw new Error(`no page ${command.page}`)
  return page
}

const verbs = {
  // A window of its own browser; `tone` is the WAV its fake microphone plays, `deny` refuses it.
  async open({ page, url, tone, deny, width = 1366, height = 768 }) {
    const args = [...flags]
    if (!deny) args.push('--use-fake-ui-for-media-stream')
    if (tone) args.push(`--use-file-for-fake-audio-capture=${tone}`)
    const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', headless: true, args })
    const context = await browser.newContext({ viewport: { width, height }, locale: 'zh-CN', ignoreHTTPSErrors: true })
    const tab = await context.newPage()
    tab.on('console', (line) => logs.push(`${page} ${line.type()}: ${line.text()}`))
    tab.on('pageerror', (error) => logs.push(`${page} pageerror: ${error.message}`))
    browsers.set(page, browser)
    pages.set(page, tab)
    await tab.goto(url)
  },
  goto: async (command) => void (await target(command).goto(command.url)),
  reload: async (command) => void (await target(command).reload()),
  fill: async (command) => void (await target(command).locator(command.at).first().fill(command.text)),
  click: async (command) => void (await target(command).locator(command.at).first().click({ timeout: command.ms ?? 10_000 })),
  press: async (command) => void (await target(command).keyboard.press(command.key)),
  type: async (command) => void (await target(command).keyboard.type(command.text)),
  wait: async (command) =>
    void (await target(command).locator(command.at).first().waitFor({ timeout: command.ms ?? 10_000, state: command.state ?? 'visible' })),
  text: async (command) => target(command).locator(command.at).first().innerText(),
  attribute: async (command) => target(command).locator(command.at).first().getAttribute(command.name),
  count: async (command) => target(command).locator(command.at).count(),
  evaluate: async (command) => target(command).evaluate(command.script),
  resize: async (command) => void (await target(command).setViewportSize({ width: command.width, height: command.height })),
  shot: async (command) => void (await target(command).screenshot({ path: command.path })),
  logs: async () => logs.splice(0),
  async close({ page }) {
    await browsers.get(page)?.close()
    browsers.delete(page)
    pages.delete(page)
  },
}

/** What stood on the page when something failed: the run is gone before anybody can look. */
async function seen(command) {
  const text = await pages.get(command.page)?.evaluate(() => document.body.innerText).catch(String)
  return text?.replace(/\s+/g, ' ').slice(0, 1500)
}

const lines = createInterface({ input: process.stdin })
for await (const line of lines) {
  const command = JSON.parse(line)
  try {
    const value = await verbs[command.do](command)
    process.stdout.write(`${JSON.stringify({ ok: true, value: value ?? null })}\n`)
  } catch (error) {
    process.stdout.write(`${JSON.stringify({ ok: false, error: String(error), seen: await seen(command), logs: logs.slice(-20) })}\n`)
  }
}
await Promise.all([...browsers.values()].map((browser) => browser.close()))
