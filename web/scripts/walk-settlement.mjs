// The money of the service on the real server, as manager, purchaser and reviewer walk it: contract and price, sheets,
// a statement whose every number opens its evidence, its second round beside the first, review line by line, invoice,
// payment, what the requirement leaves open. `SHOUJIE_SERVER=http://127.0.0.1:8391 node scripts/walk-settlement.mjs`
// against a server begun with `shoujie serve --demo` and a new data folder; it writes there. `SHOTS=/tmp/shots` keeps
// pictures.
import assert from 'node:assert/strict'
import { LOW, WIDE, base, browser, front, password, shots } from './real-server.mjs'

/** What must never stand on a page of either language: codes, identifiers, values that were not filled in. */
const RAW = [/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}/, /\b[a-z]+_[a-z_]+\b/, /\{[a-z_]+\}/, /undefined|NaN|\[object/]
/** Names of things that are Latin in Chinese too. */
const LATIN = ['Ctrl', 'SHA']
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
  /** Reads the page for what must not stand there, and looks at it at both sizes. */
  const shot = async (what) => {
    await page.waitForTimeout(400)
    const text = await page.evaluate(() => {
      const shown = [document.querySelector('main'), ...document.querySelectorAll('.el-drawer, .el-dialog')].filter(Boolean)
      // Codes and digests are set in type of their own.
      const hidden = shown.flatMap((one) => [...one.querySelectorAll('.mono')])
      for (const one of hidden) one.style.display = 'none'
      const words = shown.map((one) => one.innerText).join('\n')
      for (const one of hidden) one.style.display = ''
      return words
    })
    for (const raw of RAW) assert.ok(!raw.test(text), `${what}: ${raw} ${raw.exec(text)?.[0]}`)
    if (language === 'zh-CN') assert.deepEqual((text.match(/[A-Za-z]{4,}/g) ?? []).filter((word) => !LATIN.includes(word)), [], `${what}: English on a Chinese page`)
    for (const [size, seen] of [['1366', LOW], ['1920', WIDE]]) {
      await page.setViewportSize(seen)
      await page.waitForTimeout(300)
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${what}-${size}: wider than the screen`)
      if (shots) await page.screenshot({ path: `${shots}/${language === 'en' ? 'en-' : ''}${what}-${size}.png` })
    }
    await page.setViewportSize(LOW)
  }
  const at = (id) => page.getByTestId(id)
  /** Chooses a step of a statement, says what it asks for, and waits until it went through. */
  const step = async (action, said = {}) => {
    await at(`step-${action}`).first().click()
    for (const [field, words] of Object.entries(said)) await at(`step-${field}`).fill(words)
    await at('step-submit').click()
    await at('step-submit').waitFor({ state: 'detached' })
  }
  try {
    await api('POST', '/api/v1/session', { username: who, password })
    await steps({ page, api, shot, at, step, go: (path) => page.goto(`${base}${path}`) })
    assert.deepEqual(faults, [])
    console.log(`ok   ${name}`)
  } catch (error) {
    failures++
    console.error(`FAIL ${name}: ${error.message}\n${faults.join('\n')}`)
    if (shots) await page.screenshot({ path: `${shots}/FAIL-${name.replaceAll(' ', '-')}.png` }).catch(() => {})
  }
  await context.close()
}
const money = /\d,\d{3}\.\d{2}/

await as('manager', 'contract', async ({ page, at, shot, go }) => {
  await go('/home')
  await at('home-settlement').waitFor()
  await shot('manager-home')
  await go('/service-contracts')
  await at('service-contracts-page').getByRole('row').nth(1).waitFor()
  await shot('contracts')
  await at('service-contracts-page').getByRole('row').nth(1).getByRole('link').first().click()
  await at('budget-bar').waitFor()
  await at('contract-statements').waitFor()
  assert.match(await at('service-contract-page').innerText(), /600,000\.00/)
  await shot('contract')
  await at('price-propose').click()
  await shot('price-propose')
  await at('step-price').fill('8200')
  await at('step-source').fill('补充协议（二）')
  await page.getByRole('dialog').getByLabel('起始日').fill(await page.evaluate(() => new Date(Date.now() + 20 * 86_400_000).toLocaleDateString('en-CA')))
  await page.keyboard.press('Enter')
  await at('step-submit').click()
  await at('price-proposal').waitFor()
})

await as('purchaser', 'price and questions', async ({ page, at, shot, go }) => {
  await go('/home')
  await at('home-settlement').waitFor()
  await shot('purchaser-home')
  await go('/service-contracts')
  await at('service-contracts-page').getByRole('row').nth(1).getByRole('link').first().click()
  await at('price-sign').click()
  await at('step-submit').click()
  await at('price-sign').waitFor({ state: 'detached' })
  await at('contract-counting').scrollIntoViewIfNeeded()
  await shot('contract-signed-price')
  await go('/open-questions')
  await at('open-questions').getByRole('row').nth(1).waitFor()
  await shot('questions')
  await page.getByRole('link', { name: '招聘费用的上限' }).click()
  await at('question-answer').click()
  await shot('question-answer')
  await at('step-answer').fill('单人不超过三千元，凭票登记')
  await at('step-source').fill('采购人复函〔2026〕7 号')
  await at('step-submit').click()
  await at('question-detail').getByText('单人不超过三千元').first().waitFor()
  await shot('question-answered')
  await go('/open-questions?open=presence')
  await at('presence-table').waitFor()
  await shot('question-presence')
  await at('presence-paid_leave').click()
  await shot('presence-answer')
})

await as('counterpart', 'sheets', async ({ page, at, shot, go }) => {
  await go('/attendance-sheets')
  await at('attendance-sheets-page').getByRole('row').nth(1).waitFor()
  await shot('sheets')
  await at('attendance-sheets-page').getByRole('row').nth(1).getByRole('link').first().click()
  await at('sheet-state').waitFor()
  await page.getByText('座席 1').first().waitFor()
  await shot('sheet')
})

await as('manager', 'sheet', async ({ at, shot, go }) => {
  await go('/attendance-sheets')
  await at('sheet-new').click()
  await at('sheet-text').fill('日期\t座席\t人员\t出勤\t分钟\n2026-01-05\t1\t801 陈晓雯\t到岗\t420\n2026-01-05\t7\t某人\t到岗')
  await at('sheet-read').getByText('座席不对').waitFor()
  await shot('sheet-new')
})

await as('manager', 'statement', async ({ page, at, shot, go }) => {
  await go('/statements')
  await at('statements-page').getByRole('row').nth(1).waitFor()
  await shot('statements')
  await go('/statements?show=over')
  await at('statements-page').getByRole('row').nth(1).getByRole('link').first().click()
  await at('statement-matrix').waitFor()
  assert.match(await at('statement-total').innerText(), money)
  assert.match(await at('statement-capital').innerText(), /^人民币.*[元角分整]$/)
  await shot('statement-closed')
  await at('statement-matrix').locator('td.short button').first().click()
  await at('evidence-days').waitFor()
  await shot('evidence')
  for (const tab of ['money', 'adjustments', 'basis']) {
    await at(`tab-${tab}`).click()
    await shot(`statement-${tab}`)
  }
  await at('tab-lines').click()
  await page.getByText('明细', { exact: true }).first().click()
  await at('line-table').waitFor()
  await shot('statement-rows')
  await at('step-recount').click()
  await at('step-note').fill('考勤复核')
  await at('step-submit').click()
  await shot('recount')
})

let reviewed = ''
await as('reviewer', 'review', async ({ page, at, shot, go, step }) => {
  await go('/home')
  await at('home-settlement').waitFor()
  await shot('reviewer-home')
  await go('/statement-review')
  await at('to_review').getByRole('row').nth(1).waitFor()
  await shot('review')
  await at('to_review').getByRole('link').first().click()
  await at('review-bar').waitFor()
  reviewed = new URL(page.url()).pathname
  await shot('review-begun')
  await at('tab-objections').click()
  await at('round-changes').waitFor()
  await shot('rounds')
  await at('tab-lines').click()
  await at('statement-matrix').locator('td.short button').first().click()
  await at('line-object').click()
  await at('line-why').fill('请补充当日考勤说明')
  await shot('review-object')
  await at('line-objected').click()
  await page.keyboard.press('Escape')
  await at('accept-rest').click()
  await shot('review-marked')
  await at('step-confirm_partly').click()
  await shot('confirm-partly')
  await page.keyboard.press('Escape')
  await at('step-reject').click()
  await shot('reject')
  // The first field is a choice, which keeps Escape for itself.
  await page.getByRole('dialog').getByRole('button', { name: '取消' }).click()
  await at('statement-matrix').locator('td.objected button').first().click()
  await at('line-accept').click()
  await page.keyboard.press('Escape')
  await step('confirm', { note: '与考勤一致，同意结算' })
  await page.getByText('同意结算').first().waitFor()
  await shot('confirmed')
})

await as('manager', 'invoice', async ({ page, at, shot, go, step }) => {
  await go(`${reviewed}?tab=money`)
  await at('step-invoice').click()
  await at('step-number').fill('26442000000019880123')
  await at('money-amount').fill('1.00')
  await at('invoice-match').waitFor()
  await shot('invoice')
  await page.keyboard.press('Escape')
  await step('invoice', { number: '26442000000019880123' })
  await step('hand_in', { proof: '顺丰 1234567890，某某签收' })
  await at('invoices').waitFor()
  await shot('invoice-handed-in')
})

await as('reviewer', 'payment', async ({ at, shot, go, step }) => {
  await go('/statement-review')
  await at('to_pay').getByRole('row').nth(1).waitFor()
  await shot('review-to-pay')
  await go(`${reviewed}?tab=money`)
  await step('receive', {})
  await at('step-pay').click()
  await shot('pay')
  await at('step-receipt').fill('国库集中支付-0977')
  await at('step-submit').click()
  await at('payments').waitFor()
  await shot('paid')
})

await as('manager', 'export', async ({ page, at, shot, go, step }) => {
  await go(reviewed)
  await step('close')
  await shot('closed')
  for (const which of ['statement-pdf', 'statement-xlsx']) {
    const [file] = await Promise.all([page.waitForEvent('download', { timeout: 20_000 }).catch(() => null), at(which).click()])
    // Where more rows leave than may unasked, the request is written here.
    if (file) await file.saveAs(`${shots ?? '/tmp'}/${file.suggestedFilename()}`)
    else await at('step-reason').waitFor()
  }
})

await as('reviewer', 'english', async ({ at, shot, go }) => {
  await go('/statements')
  await at('statements-page').getByRole('row').nth(1).waitFor()
  await shot('statements')
  await go(reviewed)
  await at('statement-matrix').waitFor()
  await shot('statement')
  await go('/open-questions')
  await at('open-questions').getByRole('row').nth(1).waitFor()
  await shot('questions')
}, 'en')

await browser.close()
front.closeAllConnections()
front.close()
process.exit(failures ? 1 : 0)
