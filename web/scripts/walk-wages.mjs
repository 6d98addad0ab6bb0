// The pages of wages on the real server, as hr, reviewer and agent3 walk them: a month with its gap and overtime that was
// paid short, refused until it is whole; amounts behind a reason; one's own payslip; a price the law overtook.
// `SHOUJIE_SERVER=http://127.0.0.1:8391 node scripts/walk-wages.mjs` against a server that was begun with
// `shoujie serve --demo` and has the console; it writes nothing but the audit trail. `SHOTS=/tmp/shots` keeps pictures.
import assert from 'node:assert/strict'
import { existsSync, mkdirSync } from 'node:fs'
import { createRequire } from 'node:module'

const { chromium } = createRequire(import.meta.url)('playwright-core')
const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium'
const base = process.env.SHOUJIE_SERVER
if (!base || !existsSync(executablePath)) {
  console.log('no Chromium, or SHOUJIE_SERVER names no demo server: the walk is left out')
  process.exit(0)
}
const shots = process.env.SHOTS
if (shots) mkdirSync(shots, { recursive: true })
const browser = await chromium.launch({ executablePath, headless: true, args: ['--no-sandbox', '--disable-gpu'] })
const SIZES = [{ width: 1366, height: 768 }, { width: 1920, height: 1080 }]
const broken = []

/** What must never stand on a page: codes, identifiers, values that were not filled in. */
const RAW = /\b[a-z]+_[a-z_]+\b|undefined|NaN|\[object|[0-9a-f]{8}-[0-9a-f]{4}-/

async function as(username, language, viewport, walk) {
  const context = await browser.newContext({ viewport, locale: language })
  const signed = await context.request.post(`${base}/api/v1/session`, { data: { username, password: process.env.PASSWORD ?? 'Shoujie-demo-1' } })
  assert.ok(signed.ok(), `${username}: ${await signed.text()}`)
  const page = await context.newPage()
  await page.addInitScript((chosen) => localStorage.setItem('shoujie.language', chosen), language)
  page.on('pageerror', (error) => broken.push(`${username} ${error.message}`))
  page.on('console', (said) => { if (said.type() === 'error' && !/40[0-9]|Conflict/.test(said.text())) broken.push(`${username} ${said.text()}`) })
  await walk({
    page,
    go: (path) => page.goto(`${base}${path}`, { waitUntil: 'domcontentloaded' }),
    /** Looks at what stands there. */
    look: async (name) => {
      await page.waitForTimeout(700)
      const text = await page.locator('main').first().innerText()
      const raw = RAW.exec(text.replace(/wage\.[a-z_.]+|\S+\.txt|[a-z_]+,[a-z_,]+/g, ''))
      assert.ok(!raw, `${name}: ${raw?.[0]}`)
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
      assert.ok(wide <= 1, `${name} is ${wide} px too wide`)
      if (shots) await page.screenshot({ path: `${shots}/${name}-${viewport.width}.png` })
    },
  })
  await context.close()
}

for (const size of SIZES) {
  await as('hr', 'zh-CN', size, async ({ page, go, look }) => {
    await go('/wages')
    const bad = page.locator('[data-testid=wages-matrix] tr.bad')
    await bad.first().waitFor()
    assert.equal(await bad.count(), 2, 'one gap, one who was paid short')
    const text = await page.getByTestId('wages-matrix').innerText()
    assert.match(text, /失业 缺记录/)
    assert.match(text, /加班费少付.*差/)
    assert.match(await page.getByTestId('wages-page').innerText(), /合同文本 11 天 \/ 现行法定 13 天/)
    await look('hr-wages')
    await page.getByTestId('wages-submit').click()
    await page.getByText('还有缺项，不能报送').waitFor()
    await look('hr-refused')
    await bad.filter({ hasText: '少付' }).locator('a').click()
    await page.getByTestId('person-month').waitFor()
    await look('hr-person')
    await go('/wages')
    await page.getByTestId('wages-import').click()
    await look('hr-import')
    await go('/quotations')
    await page.getByRole('link', { name: '试算报价（演示）' }).click()
    await page.getByTestId('quotation-detail').waitFor()
    assert.match(await page.getByTestId('quotation-detail').innerText(), /低于底线[\s\S]*不低于底线/)
    await look('hr-quotation')
    await go('/parameters?q=wage.')
    await page.getByText('待核实').first().waitFor()
    await look('hr-parameters')
  })
  await as('reviewer', 'en', size, async ({ page, go, look }) => {
    await go('/wages')
    await page.locator('[data-testid=wages-matrix] tr.bad').filter({ hasText: 'short' }).locator('a').click()
    const person = page.getByTestId('person-month')
    await person.waitFor()
    assert.match(await person.innerText(), /Amounts are hidden/)
    assert.doesNotMatch(await person.innerText(), /\d,\d{3}\.\d{2}/)
    await look('reviewer-masked')
    await page.getByTestId('pay-reveal').click()
    await page.getByTestId('step-reason').fill('October overtime')
    await page.getByTestId('step-submit').click()
    await person.getByText('3,300.00').waitFor()
    await look('reviewer-revealed')
  })
  await as('agent3', 'zh-CN', size, async ({ page, go, look }) => {
    await go('/my/payslips')
    await page.getByTestId('my-payslips').getByText('应付').first().waitFor()
    await look('agent-payslips')
    await go('/wages')
    await page.waitForTimeout(500)
    assert.equal(await page.getByTestId('wages-matrix').count(), 0, 'nobody else’s')
  })
}
await browser.close()
assert.deepEqual([...new Set(broken)], [])
console.log('walked wages')
