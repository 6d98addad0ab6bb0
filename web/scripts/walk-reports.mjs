// Reports on the real server, as analyst, quality, manager and purchaser walk them: a draft is written where it will be
// printed, checked by another, released, read, corrected; templates change by a new version.
// `SHOUJIE_SERVER=http://127.0.0.1:8391 node scripts/walk-reports.mjs` against a server begun with `shoujie serve --demo`
// and a new data folder; it writes there. `SHOTS=/tmp/shots` keeps pictures.
import assert from 'node:assert/strict'
import { LOW, WIDE, base, browser, front, password, shots } from './real-server.mjs'

/** What must never stand on a page: codes, identifiers, values that were not filled in. */
const RAW = [/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}/, /\b[a-z]+_[a-z_]+\b/, /\{[a-z_0-9]+\}/, /undefined|NaN|\[object/]
let failures = 0
async function as(who, name, steps, language = 'zh-CN') {
  if (process.argv[2] && !name.includes(process.argv[2])) return
  const context = await browser.newContext({ viewport: LOW, locale: language, acceptDownloads: true })
  await context.addInitScript((chosen) => localStorage.setItem('shoujie.language', chosen), language)
  const page = await context.newPage()
  const faults = []
  page.on('pageerror', (error) => faults.push(`pageerror: ${error.message}`))
  page.on('console', (line) => {
    if (line.type() === 'error' && !/Failed to load resource|net::ERR|WebSocket/.test(line.text())) faults.push(line.text())
  })
  page.setDefaultTimeout(12_000)
  const api = async (method, path, data) => {
    const answer = await page.request.fetch(`${base}${path}`, { method, data, headers: { origin: base } })
    assert.ok(answer.ok(), `${who} ${method} ${path}: ${answer.status()} ${await answer.text()}`)
    return answer.json()
  }
  const shot = async (what, whole = false) => {
    await page.waitForTimeout(500)
    const text = await page.evaluate(() => {
      const shown = [document.querySelector('main'), ...document.querySelectorAll('.el-drawer, .el-dialog')].filter(Boolean)
      const hidden = shown.flatMap((one) => [...one.querySelectorAll('.mono, textarea')])
      for (const one of hidden) one.style.display = 'none'
      const words = shown.map((one) => one.innerText).join('\n')
      for (const one of hidden) one.style.display = ''
      return words
    })
    for (const raw of RAW) assert.ok(!raw.test(text), `${what}: ${raw} ${raw.exec(text)?.[0]}`)
    for (const [size, seen] of [['1366', LOW], ['1920', WIDE]]) {
      await page.setViewportSize(seen)
      await page.waitForTimeout(300)
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${what}-${size}: wider than the screen`)
      if (shots) await page.screenshot({ path: `${shots}/${language === 'en' ? 'en-' : ''}${what}-${size}.png`, fullPage: whole })
    }
    await page.setViewportSize(LOW)
  }
  const at = (id) => page.getByTestId(id)
  const step = async (verb, said) => {
    await at(`report-step-${verb}`).click()
    if (said !== undefined) await at('step-note').fill(said)
    await at('step-submit').click()
    await at('step-submit').waitFor({ state: 'detached' })
  }
  try {
    await api('POST', '/api/v1/session', { username: who, password })
    await steps({ page, api, at, shot, step })
    assert.deepEqual(faults, [])
    console.log(`ok    ${name}`)
  } catch (fault) {
    failures++
    console.log(`FAILS ${name}: ${fault.message}`)
    if (shots) await page.screenshot({ path: `${shots}/failed-${who}.png` })
  } finally {
    await context.close()
  }
}

let written = ''
await as('analyst', 'the analyst writes the week', async ({ page, at, shot, step, api }) => {
  await page.goto(`${base}/reports`)
  await at('reports-page').waitFor()
  await page.locator('tbody tr').first().waitFor()
  await shot('reports')
  written = (await api('GET', '/api/v1/reports?period=weekly')).items[0].id
  await page.goto(`${base}/reports/${written}`)
  await at('report-sheet').waitFor()
  await page.waitForTimeout(800)
  await shot('report-draft', true)
  const notes = page.locator('[data-testid^="report-notes-"]').first()
  await notes.fill('周一上午排队较长，已加派座席；口径无变化。')
  await page.keyboard.press('Control+s')
  await at('report-step-refresh').waitFor()
  await page.waitForTimeout(400)
  await step('submit')
})
await as('quality', 'another checks it', async ({ page, at, step, shot }) => {
  await page.goto(`${base}/reports/${written}`)
  await at('report-sheet').waitFor()
  await shot('report-check')
  await step('check', '数据与现场记录一致')
})
await as('manager', 'the manager releases it', async ({ page, at, step, shot }) => {
  await page.goto(`${base}/reports/${written}`)
  await step('release')
  await at('report-intact').waitFor()
  await shot('report-released', true)
})
await as('purchaser', 'the purchaser reads it and takes it out', async ({ page, at, shot }) => {
  await page.goto(`${base}/reports`)
  await page.locator('tbody tr').first().waitFor()
  await shot('reports-purchaser')
  await page.goto(`${base}/reports/${written}`)
  await at('report-step-read').click()
  await at('report-step-read').waitFor({ state: 'detached' })
  await shot('report-read')
  for (const format of ['pdf', 'docx', 'xlsx']) {
    const taken = page.waitForEvent('download')
    await at(`report-${format}`).getByTestId('export').click()
    const file = await taken
    if (shots) await file.saveAs(`${shots}/report.${format}`)
    assert.ok(file.suggestedFilename().endsWith(`.${format}`))
  }
})
await as('analyst', 'a correction says what changed; a template changes by a version', async ({ page, at, step, shot }) => {
  await page.goto(`${base}/reports/${written}`)
  await step('correct', '漏记转接来电')
  await at('report-changes').waitFor()
  await shot('report-correction')
  await page.goto(`${base}/report-templates`)
  await page.locator('tbody tr').first().waitFor()
  await shot('report-templates')
  await page.locator('tbody a').first().click()
  await at('template-block-0').waitFor()
  await page.waitForTimeout(500)
  await shot('report-template')
  await at('template-note').fill('采购人来函要求')
  await at('template-save').click()
  await page.getByText('第 2 版').first().waitFor()
})
await as('analyst', 'in English', async ({ page, at, shot }) => {
  await page.goto(`${base}/reports`)
  await page.locator('tbody tr').first().waitFor()
  await shot('reports')
  await page.goto(`${base}/report-templates`)
  await page.locator('tbody a').first().click()
  await at('template-block-0').waitFor()
  await shot('report-template')
}, 'en')
await browser.close()
front.closeAllConnections()
front.close()
process.exit(failures ? 1 : 0)
