// The site as the lead and the purchaser see it on the real server: who is where he should be, the day against its
// forecast with what can be done, the log of the site. `SHOUJIE_SERVER=http://127.0.0.1:8391 node scripts/walk-site.mjs`
// against a server that was begun with `shoujie serve --demo`; it writes one entry. `SHOTS=/tmp/shots` keeps pictures.
import assert from 'node:assert/strict'
import { LOW, WIDE, base, browser, front, password, shots } from './real-server.mjs'

/** What must never stand on a page: codes, identifiers, values that were not filled in. */
const RAW = /[0-9a-f]{8}-[0-9a-f]{4}-|\b[a-z]+_[a-z_]+\b|undefined|NaN|\[object/
let failures = 0
async function as(who, language, steps) {
  const context = await browser.newContext({ viewport: LOW, locale: language })
  await context.addInitScript((chosen) => localStorage.setItem('shoujie.language', chosen), language)
  const page = await context.newPage()
  const faults = []
  page.on('pageerror', (error) => faults.push(`pageerror: ${error.message}`))
  page.on('console', (line) => {
    if (line.type() === 'error' && !/Failed to load resource|net::ERR|WebSocket/.test(line.text())) faults.push(line.text())
  })
  page.setDefaultTimeout(12_000)
  /** Reads the page at both sizes. */
  const look = async (what) => {
    for (const viewport of [LOW, WIDE]) {
      await page.setViewportSize(viewport)
      await page.waitForTimeout(400)
      const raw = RAW.exec(await page.locator('main').first().innerText())
      assert.ok(!raw, `${what}: ${raw?.[0]}`)
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
      assert.ok(wide <= 1, `${what} is ${wide} px too wide`)
      if (shots) await page.screenshot({ path: `${shots}/${language}-${what}-${viewport.width}.png`, fullPage: true })
    }
    await page.setViewportSize(LOW)
  }
  try {
    const signed = await page.request.post(`${base}/api/v1/session`, { data: { username: who, password }, headers: { origin: base } })
    assert.ok(signed.ok(), await signed.text())
    await steps({ page, look, at: (id) => page.getByTestId(id), go: (path) => page.goto(`${base}${path}`) })
    assert.deepEqual(faults, [])
    console.log(`ok   ${who} ${language}`)
  } catch (error) {
    failures += 1
    console.error(`FAIL ${who} ${language}: ${error.stack}\n${faults.join('\n')}`)
    if (shots) await page.screenshot({ path: `${shots}/FAILED-${who}.png` }).catch(() => {})
  } finally {
    await context.close()
  }
}

await as('lead', 'zh-CN', async ({ page, look, at, go }) => {
  await go('/control-room')
  await at('adherence').getByText('陈晓雯').waitFor()
  await at('intraday').getByText(/早间预测 \d+ 通/).waitFor()
  await look('control-room')
  await at('intraday').getByText('看表格').click()
  await at('intraday').getByRole('columnheader', { name: '按目前走势' }).waitFor()
  await go('/site-log')
  await page.getByText('市电闪断').waitFor()
  await at('site-log-write').click()
  await page.locator('.el-dialog:visible textarea').fill('午后巡查：空调滴水已报物业，座席未受影响')
  await look('site-log-dialog')
  await at('step-submit').click()
  await page.getByText('午后巡查').waitFor()
  await look('site-log')
})
await as('purchaser', 'en', async ({ page, look, go }) => {
  await go('/control-room')
  await page.getByText(/forecast in the morning/).first().waitFor()
  await look('control-room')
  await go('/site-log?kind=incident')
  await page.getByText('市电闪断').waitFor()
  assert.equal(await page.getByTestId('site-log-write').count(), 0, 'the purchaser reads')
  await look('site-log')
})

await browser.close()
front.closeAllConnections()
front.close()
process.exit(failures ? 1 : 0)
