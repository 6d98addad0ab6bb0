// The staff pages on the real server, as hr, manager, purchaser and agent1 walk them: a candidate's file from nothing to
// a post, a replacement from the notice to the handover, a demand, the board of a transition, a fee, a rule.
// `SHOUJIE_SERVER=http://127.0.0.1:8391 node scripts/walk-personnel.mjs` against a server that was begun with
// `shoujie serve --demo`; it writes there. `SHOTS=/tmp/shots` keeps pictures at both sizes.
import assert from 'node:assert/strict'
import { LOW, WIDE, base, browser, front, password, shots } from './real-server.mjs'

/** What must never stand on a page of either language: codes, identifiers, values that were not filled in. */
const RAW = [/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}/, /\b[a-z]+_[a-z_]+\b/, /\{[a-z_]+\}/, /undefined|NaN|\[object/]
let failures = 0
/** Somebody at his screen; `at` finds by test id, `shot` looks at the page at both sizes and reads it for what must not stand there. */
async function as(who, name, steps, language = 'zh-CN') {
  if (process.argv[2] && !name.includes(process.argv[2])) return
  const context = await browser.newContext({ viewport: LOW, locale: language })
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
  const shot = async (what) => {
    await page.waitForTimeout(350)
    const text = await page.evaluate(() => document.querySelector('main, #main, .content')?.innerText ?? document.body.innerText)
    for (const raw of RAW) assert.ok(!raw.test(text), `${what}: ${raw} ${raw.exec(text)?.[0]}`)
    if (language === 'zh-CN') {
      const english = (text.match(/[A-Za-z]{4,}/g) ?? []).filter((word) => !['Ctrl'].includes(word))
      assert.deepEqual(english, [], `${what}: English on a Chinese page`)
    }
    if (!shots) return
    for (const [size, viewport] of [['1366', LOW], ['1920', WIDE]]) {
      await page.setViewportSize(viewport)
      await page.waitForTimeout(250)
      await page.screenshot({ path: `${shots}/${language === 'en' ? 'en-' : ''}${what}-${size}.png` })
    }
    await page.setViewportSize(LOW)
  }
  try {
    await api('POST', '/api/v1/session', { username: who, password })
    await steps({ page, api, shot, at: (id) => page.getByTestId(id), go: (path) => page.goto(`${base}${path}`) })
    assert.deepEqual(faults, [])
    console.log(`ok   ${name}`)
  } catch (error) {
    failures += 1
    console.error(`FAIL ${name}: ${error.stack}\n${faults.join('\n')}`)
    if (shots) await page.screenshot({ path: `${shots}/FAILED-${who}.png` }).catch(() => {})
  } finally {
    await context.close()
  }
}
const dialog = (page) => page.locator('.el-dialog:visible')
const confirm = async (page, text) => {
  if (text) await dialog(page).locator('textarea').first().fill(text)
  await dialog(page).getByTestId('step-submit').click()
  await dialog(page).waitFor({ state: 'hidden' })
}
const cancel = async (page) => {
  await dialog(page).getByRole('button', { name: '取消' }).click()
  await dialog(page).waitFor({ state: 'hidden' })
}
const choose = async (page, id, text) => {
  await dialog(page).getByTestId(id).click()
  await page.locator('.el-select-dropdown:visible .el-select-dropdown__item', { hasText: text }).first().click()
}
const typeDay = async (page, label, day) => {
  const input = dialog(page).locator(`input[aria-label="${label}"]`)
  await input.fill(day)
  await input.press('Enter')
}
const today = new Date(Date.now() + 8 * 3_600_000).toISOString().slice(0, 10)
const shift = (days) => new Date(Date.parse(today) + days * 86_400_000).toISOString().slice(0, 10)
const mark = String(Date.now()).slice(-4)
const NAME = `候选人乙${mark}`
let file = null

await as('hr', 'hr makes a file and brings evidence', async ({ page, shot, at, go, api }) => {
  await go('/staff')
  await page.getByRole('table').waitFor()
  await shot('hr-staff')
  await at('staff-new').click()
  await at('person-name').fill(NAME)
  await at('person-save').click()
  await page.waitForURL(/\/staff\/[0-9a-f-]{36}/)
  file = new URL(page.url()).pathname.split('/').pop()
  await page.getByTestId('staff-findings').waitFor()
  await shot('hr-file-empty')
  // By the row of the item, with a scan.
  await page.locator('[data-item="health"]').getByRole('button').click()
  await typeDay(page, '出具日期', shift(-20))
  await at('evidence-scans').setInputFiles({ name: '健康证.pdf', mimeType: 'application/pdf', buffer: Buffer.from('%PDF-1.4\n%demo\n') })
  await shot('hr-evidence-dialog')
  await at('evidence-save').click()
  await dialog(page).waitFor({ state: 'hidden' })
  await page.locator('[data-evidence="health"]').getByText('健康证.pdf').waitFor()
  await page.locator('[data-evidence="health"]').getByText('须由他人核验').waitFor()
  await page.locator('[data-item="health"]').getByText('材料已添加，请他人核验。').waitFor()
  await at('evidence-add').click()
  await choose(page, 'evidence-item', '结构化面试')
  await shot('hr-interview')
  await cancel(page)
  await at('staff-begin_training').click()
  await confirm(page)
  await page.getByText('培训中').first().waitFor()
  // The rest by the API, as quickly as a walk may.
  const bring = (body) => api('POST', `/api/v1/staff/${file}/evidence`, body)
  const on = shift(-20)
  await bring({ item: 'education', on, level: 'associate' })
  await bring({ item: 'typing', on, number: 149, seconds: 180 })
  await go('/staff?show=gaps')
  await page.getByText(NAME).waitFor()
  await shot('hr-gaps')
})
await as('manager', 'the manager checks what hr brought', async ({ page, shot, at, go }) => {
  await go(`/staff/${file}`)
  await page.locator('[data-evidence="health"]').getByTestId('evidence-verify').click()
  await confirm(page, '已看原件')
  await page.locator('[data-evidence="typing"]').getByTestId('evidence-verify').click()
  await confirm(page)
  await page.locator('[data-item="typing"]').getByText('49.6 字/分钟').waitFor()
  await page.locator('[data-evidence="education"]').getByTestId('evidence-reject').click()
  await confirm(page, '证书看不清')
  await at('guards').getByText(/未通过采购人岗前培训/).waitFor()
  await shot('manager-file')
  // What is told before is what the server says, too.
  await at('staff-take_post').click()
  await shot('manager-take-post')
  await cancel(page)
})
await as('purchaser', 'the purchaser waives an item, reads a value with a reason and certifies', async ({ page, shot, at, go }) => {
  await go(`/staff/${file}`)
  await at('staff-waive').click()
  await choose(page, 'waive-item', '打字速度')
  await typeDay(page, '豁免至', shift(30))
  await confirm(page, '补测前先豁免')
  await page.locator('[data-item="typing"]').getByText('已豁免').waitFor()
  await at('staff-pass').click()
  await dialog(page).getByTestId('step-certificate_no').fill(`岗培-${mark}`)
  await confirm(page)
  await page.locator('[data-evidence="pre_job"]').waitFor()
  await shot('purchaser-file')
  const six = (await (await page.request.get(`${base}/api/v1/staff?state=on_post`)).json()).items[0]
  await go(`/staff/${six.id}`)
  await at('reveal-phone').click()
  await page.locator('.el-message-box input').fill('核对劳动合同')
  await page.locator('.el-message-box .el-button--primary').click()
  await page.getByText('13900000000').waitFor()
  await shot('purchaser-revealed')
  await go('/staffing')
  await page.locator('[data-post="Z1"]').waitFor()
  await shot('purchaser-staffing')
})

let leaving = null
let replacement = null
await as('agent1', 'an agent has a ticket open', async ({ api }) => {
  const leaf = (await api('GET', '/api/v1/matters')).items.flatMap((branch) => branch.children).find((one) => !one.children?.length)
  await api('POST', '/api/v1/tickets', { phone: `139${String(Date.now()).slice(-8)}`, request_type: 'help', matter: leaf.code, summary: '准考证打印不出来，待考试科核实后回复' })
})
await as('manager', 'the manager takes somebody off a post and opens a replacement', async ({ page, shot, at, go, api }) => {
  await go('/staffing')
  await page.locator('[data-post="Z6"]').getByTestId('post-leave').click()
  await confirm(page, '演练')
  await page.locator('[data-post="Z6"]').getByText(/最后在岗日/).waitFor()
  await shot('manager-staffing')
  leaving = (await api('GET', '/api/v1/staff?state=on_post&sort=name')).items.find((one) => one.user?.staff_no === '801') ?? (await api('GET', '/api/v1/staff?state=on_post')).items[0]
  await go('/replacements')
  await at('replacement-new').click()
  await choose(page, 'staff-picker', leaving.name)
  await typeDay(page, '最后在岗日', shift(1))
  await at('replacement-reason').fill('本人辞职')
  await at('replacement-open').click()
  await page.waitForURL(/\/replacements\/[0-9a-f-]{36}/)
  replacement = new URL(page.url()).pathname.split('/').pop()
  // Too late a notice is said before it is served, and the earliest day is one click away.
  await at('guards').getByText(/通知采购人/).waitFor()
  await at('replacement-serve').click()
  await at('serve-late').waitFor()
  await shot('manager-serve-late')
  await at('serve-late').getByRole('button').click()
  await confirm(page)
  await page.getByText('已通知').first().waitFor()
  await at('replacement-propose').click()
  await choose(page, 'staff-picker', NAME)
  await confirm(page)
  await at('equivalence').waitFor()
  await shot('manager-replacement')
})
await as('purchaser', 'the purchaser sees them side by side and decides', async ({ page, shot, at, go }) => {
  await go(`/replacements/${replacement}`)
  await at('equivalence').getByText('低于').first().waitFor()
  await at('guards').getByText(/低于离岗人员/).waitFor()
  await shot('purchaser-replacement')
  await at('replacement-accept').click()
  await confirm(page, '面谈表现好，同意')
  await page.getByText(/采购人同意豁免/).waitFor()
})
await as('manager', 'the manager leads it to the handover', async ({ page, shot, at, go }) => {
  await go(`/replacements/${replacement}`)
  await at('replacement-pass_exam').click()
  await confirm(page)
  await at('replacement-hand_over').click()
  await confirm(page)
  await page.getByText('交接中').first().waitFor()
  await at('guards').getByText(/候选人缺/).waitFor()
  await at('handover-offer').first().click()
  await choose(page, 'person-picker', '李志强')
  await confirm(page)
  await at('handover-table').getByText('待接受').first().waitFor()
  await shot('manager-handover')
})
await as('agent2', 'an agent answers what is offered to him', async ({ page, shot, at, go }) => {
  await go('/my/handovers')
  await at('handover-accept').first().waitFor()
  await shot('agent-handovers')
  await at('handover-accept').first().click()
  await page.getByText(/已由您负责/).waitFor()
  await page.getByText('没有待您接手的工单').waitFor()
})
await as('agent1', 'an agent sees what is asked of him', async ({ page, shot, at, go }) => {
  await go('/my/qualification')
  await at('my-qualification').waitFor()
  await shot('agent-qualification')
})
await as('hr', 'hr brings all the rest', async ({ api }) => {
  const now = await api('GET', `/api/v1/staff/${file}`)
  await api('PATCH', `/api/v1/staff/${file}`, { version: now.version, born_on: '1996-05-17' })
  const need = Object.fromEntries(now.findings.map((one) => [one.item, one.need_level]))
  const on = shift(-20)
  const marks = (assessor) => ({ assessor, understanding: 4, thinking: 4, communication: 4, expression: 4, affinity: 4 })
  for (const body of [
    { item: 'clean_record', on }, { item: 'experience', on: shift(-1500), until: shift(-30), issuer: '另一条热线' }, { item: 'education', on, level: 'bachelor' }, { item: 'age', on }, { item: 'mandarin', on, level: 'second_a' },
    { item: 'interview', on, scorecard: [marks('苏婉仪'), marks('周敏')] }, { item: 'employer', on, issuer: need.employer }, { item: 'nda', on, level: need.nda }, { item: 'confidentiality', on },
  ]) await api('POST', `/api/v1/staff/${file}/evidence`, body)
})
await as('manager', 'the manager checks them, the new one takes the post and it is done', async ({ page, shot, at, go, api }) => {
  for (const one of (await api('GET', `/api/v1/staff/${file}`)).evidence.filter((piece) => piece.state === 'pending')) {
    await api('POST', `/api/v1/staff/${file}/evidence/${one.id}/check`, { version: one.version, verified: true })
  }
  await go(`/replacements/${replacement}`)
  await at('replacement-take_post').waitFor()
  assert.equal(await at('guards').count(), 0, 'nothing stands in the way any more')
  await at('replacement-take_post').click()
  await confirm(page)
  await at('replacement-close').click()
  await confirm(page)
  await page.getByText('办结').first().waitFor()
  await shot('manager-replacement-closed')
  // Tomorrow nobody holds the sixth.
  await go('/staffing')
  await page.locator('[data-post="Z1"]').getByText(NAME).waitFor()
  await page.locator('input[aria-label="日期"]').first().fill(shift(1))
  await page.keyboard.press('Enter')
  await page.locator('[data-post="Z6"]').getByText(/空缺 1 天/).waitFor()
  await shot('manager-staffing-tomorrow')
})
await as('agent6', 'who is on no post reads why he may not go ready', async ({ page, shot, at, go }) => {
  await go('/desk')
  await at('qualification-banner').waitFor()
  await at('go-ready').click()
  await page.getByText(/不在岗（/).last().waitFor()
  await at('barred').waitFor()
  await shot('agent-barred')
  await go('/my/qualification')
  await at('my-qualification').waitFor()
  await shot('agent-not-on-post')
})

let demand = null
await as('purchaser', 'the purchaser demands another person', async ({ page, shot, at, go }) => {
  await go('/demands')
  await at('demand-new').click()
  await choose(page, 'staff-picker', '')
  await at('demand-reason').fill('多次未按时限回复')
  await shot('purchaser-demand-dialog')
  await at('demand-raise').click()
  await at('demand-detail').waitFor()
  demand = new URL(page.url()).searchParams.get('open')
  assert.ok(demand)
})
await as('manager', 'the manager answers with a plan', async ({ page, shot, at, go }) => {
  await go(`/demands?open=${demand}`)
  await at('demand-submit_plan').click()
  await typeDay(page, '计划完成日', shift(4))
  await confirm(page, '本周内调换，候选人已在培训')
  await at('demand-detail').getByText('已报方案').first().waitFor()
  await shot('manager-demand')
})
await as('purchaser', 'the purchaser accepts the plan', async ({ page, at, go }) => {
  await go(`/demands/${demand}`)
  await at('demand-accept_plan').click()
  await confirm(page)
  await at('demand-detail').getByText('方案已同意').first().waitFor()
})

let board = null
await as('hr', 'hr begins a transition', async ({ page, shot, at, go }) => {
  await go('/transitions')
  await at('transition-new').click()
  await dialog(page).getByTestId('step-predecessor').fill('原运营公司')
  await typeDay(page, '上线日', shift(10))
  await confirm(page)
  await page.waitForURL(/\/transitions\/[0-9a-f-]{36}/)
  board = new URL(page.url()).pathname.split('/').pop()
  await page.locator('[data-post="Z2"]').getByTestId('transition-seat').click()
  await choose(page, 'staff-picker', '李志强')
  await dialog(page).getByText('愿意', { exact: true }).click()
  await confirm(page)
  await page.locator('[data-post="Z2"]').getByText('愿意').waitFor()
  await at('transition-add-item').click()
  await dialog(page).getByTestId('step-title').fill('六台话机和耳麦')
  await confirm(page)
  await shot('hr-transition')
})
await as('purchaser', 'the purchaser exempts the incumbents in one step', async ({ page, shot, at, go }) => {
  await go(`/transitions/${board}`)
  await at('transition-exempt').click()
  await confirm(page, '过渡期内补齐材料')
  await page.getByText('过渡期豁免').first().waitFor()
  await shot('purchaser-transition')
  await go('/personnel-rules')
  await page.getByRole('table').waitFor()
  await shot('purchaser-rules')
  await at('personnel-rule-change').first().click()
  await shot('purchaser-rule-dialog')
})
await as('hr', 'hr keeps the ledger of fees', async ({ page, shot, at, go }) => {
  await go('/recruitment-fees')
  await at('fee-new').click()
  await choose(page, 'staff-picker', NAME)
  await dialog(page).getByTestId('step-payee').fill('原运营公司')
  await dialog(page).getByTestId('step-amount').fill('3,000.50')
  await confirm(page)
  await page.getByText('3,000.50').waitFor()
  await at('fee-pay').first().click()
  await dialog(page).getByTestId('step-receipt_no').fill('SJ-001')
  await confirm(page)
  await page.getByText('已支付').first().waitFor()
  await shot('hr-fees')
})
await as('hr', 'the same in English', async ({ page, shot, at, go }) => {
  await go(`/staff/${file}`)
  await at('staff-findings').waitFor()
  if (shots) await shot('file')
  await go('/staffing')
  await page.locator('[data-post="Z1"]').waitFor()
  if (shots) await shot('staffing')
  await go(`/replacements/${replacement}`)
  await at('equivalence').waitFor()
  if (shots) await shot('replacement')
}, 'en')

await browser.close()
front.closeAllConnections()
front.close()
process.exit(failures ? 1 : 0)
