// What passes between the two sides, on the real server: a letter from the draft to its receipt, an urgent notice, a
// meeting, an inspection the supplier knows nothing of, a change with its picture, a task, supplies, checks with the phone
// in hand, what to do when something fails. `SHOUJIE_SERVER=http://127.0.0.1:8391 node scripts/walk-liaison.mjs` against
// a server begun with `shoujie serve --demo` and a new data folder; it writes there. `SHOTS=/tmp/shots` keeps pictures.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { LOW, WIDE, base, browser, front, password, shots } from './real-server.mjs'

const HAND = { width: 390, height: 844 }

/** What must never stand on a page of either language: codes, identifiers, values that were not filled in. */
const RAW = [/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}/, /\b[a-z]+_[a-z_]+\b/, /\{[a-z_]+\}/, /undefined|NaN|\[object/]
let failures = 0
/** Somebody at his screen; `at` finds by test id, `shot` looks at the page at both sizes and reads it for what must not stand there. */
async function as(who, name, steps, language = 'zh-CN', viewport = LOW) {
  if (process.argv[2] && !name.includes(process.argv[2])) return
  const context = await browser.newContext({ viewport, locale: language })
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
    const text = await page.evaluate(() => {
      // Codes and fingerprints are set in type of their own.
      const shown = document.querySelector('main') ?? document.body
      const hidden = [...shown.querySelectorAll('.mono')]
      for (const one of hidden) one.style.display = 'none'
      const words = shown.innerText
      for (const one of hidden) one.style.display = ''
      return words
    })
    for (const raw of RAW) assert.ok(!raw.test(text), `${what}: ${raw} ${raw.exec(text)?.[0]}`)
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${what}: wider than the screen`)
    if (language === 'zh-CN') {
      const english = (text.match(/[A-Za-z]{4,}/g) ?? []).filter((word) => !['Ctrl'].includes(word))
      assert.deepEqual(english, [], `${what}: English on a Chinese page`)
    }
    if (!shots) return
    for (const [size, seen] of viewport === HAND ? [['390', HAND]] : [['1366', LOW], ['1920', WIDE]]) {
      await page.setViewportSize(seen)
      await page.waitForTimeout(250)
      await page.screenshot({ path: `${shots}/${language === 'en' ? 'en-' : ''}${what}-${size}.png` })
    }
    await page.setViewportSize(viewport)
  }
  try {
    await api('POST', '/api/v1/session', { username: who, password })
    await steps({ page, api, shot, at: (id) => page.getByTestId(id), go: (path) => page.goto(`${base}${path}`) })
    assert.deepEqual(faults, [])
    console.log(`ok   ${name}`)
  } catch (error) {
    failures += 1
    console.error(`FAIL ${name}: ${error.stack}\n${faults.join('\n')}`)
    if (shots) await page.screenshot({ path: `${shots}/FAILED-${who}-${name.slice(0, 30)}.png` }).catch(() => {})
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
const step = async (page, name, said) => {
  await page.getByTestId(`step-${name}`).click()
  await confirm(page, said)
}
const stands = (page, word) => page.getByTestId('case-state').getByText(word, { exact: true }).waitFor()
const PNG = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAoAAAAKCAIAAAACUFjqAAAAEklEQVR4nGNgYPiPBw1P6f8AUwtjnQ7fpYAAAAAASUVORK5CYII=', 'base64')

let letter = null
await as('liaison', 'a letter is written from a template and seen as it will stand', async ({ page, shot, at, go }) => {
  await go('/letters')
  await page.getByRole('table').waitFor()
  await shot('letters')
  await at('letter-new').click()
  await at('letter-template').click()
  await page.locator('.el-select-dropdown:visible .el-select-dropdown__item', { hasText: '一般公函' }).click()
  await at('letter-save').click()
  await page.getByText('请填写事由').waitFor()
  await at('field-matter').fill(`试行双语答复${mark}`)
  await at('field-content').fill('拟自下月起试行。')
  await at('letter-sheet').getByText(`关于试行双语答复${mark}的函`).waitFor()
  await shot('letter-new')
  await at('letter-save').click()
  await page.waitForURL(/\/letters\/[0-9a-f-]{36}$/)
  letter = new URL(page.url()).pathname.split('/').pop()
  await step(page, 'submit')
  await stands(page, '核稿')
  // Nobody checks his own.
  await at('step-review').click()
  await dialog(page).getByTestId('step-submit').click()
  await dialog(page).getByText('核稿人不能是拟稿人').waitFor()
  await cancel(page)
})
await as('hr', 'somebody else checks it', async ({ page, go }) => {
  await go(`/letters/${letter}`)
  await step(page, 'review')
})
await as('manager', 'it is signed, sealed and sent; its papers open', async ({ page, shot, at, go }) => {
  await go(`/letters/${letter}`)
  await step(page, 'sign')
  await stands(page, '已签发')
  for (const format of ['docx', 'pdf']) {
    const [file] = await Promise.all([page.waitForEvent('download'), at(`letter-${format}`).click()])
    const head = readFileSync(await file.path()).subarray(0, 4).toString('latin1')
    assert.ok(format === 'pdf' ? head === '%PDF' : head.startsWith('PK'), `${format}: ${head}`)
  }
  await step(page, 'seal')
  await step(page, 'send')
  await stands(page, '已发出')
  await shot('letter-sent')
})
await as('counterpart', 'the other side receives it', async ({ page, shot, at, go }) => {
  await go('/liaison-todo')
  await at('liaison-todo').getByText(`试行双语答复${mark}`, { exact: false }).click()
  await step(page, 'receive')
  await stands(page, '已签收')
  await shot('letter-received')
})
await as('counterpart', 'an urgent notice goes out', async ({ page, shot, at, go }) => {
  await go('/urgent-notices')
  await page.getByRole('table').waitFor()
  await shot('urgent-notices')
  await at('urgent-new').click()
  await dialog(page).getByTestId('step-title').fill(`系统临时维护${mark}`)
  await dialog(page).getByTestId('step-content').fill('今晚九时起停机两小时。')
  await dialog(page).getByTestId('step-submit').click()
  await page.waitForURL(/\/urgent-notices\/[0-9a-f-]{36}/)
  await shot('urgent-sent')
})
await as('liaison', 'the liaison has it', async ({ page, shot, go }) => {
  await go('/urgent-notices')
  await page.getByText(`系统临时维护${mark}`).click()
  await step(page, 'acknowledge')
  await stands(page, '已到达')
  await shot('urgent-arrived')
})
await as('manager', 'liaison persons and the team drawn', async ({ page, shot, at, go }) => {
  await go('/liaisons')
  await at('liaisons-supplier').getByText('邓志明').waitFor()
  await shot('liaisons')
  await go('/team')
  await at('team-chart').getByText('梁国栋').waitFor()
  await shot('team')
})
await as('counterpart', 'a filing is acknowledged', async ({ page, at, go }) => {
  await go('/team')
  await at('team-acknowledge').first().click()
  await page.getByText('已确认备案').waitFor()
})
let meeting = null
await as('manager', 'a meeting with something to be done', async ({ page, shot, at, go }) => {
  await go('/meetings/new')
  await at('meeting-title').fill(`专题会${mark}`)
  await at('meeting-place').fill('二楼会议室')
  const pick = async (n, name) => {
    await at('people-pick').nth(n).click()
    await page.locator('.el-select-dropdown:visible .el-select-dropdown__item', { hasText: name }).first().click()
  }
  await pick(0, '罗建平')
  await page.keyboard.press('Escape')
  await page.locator('.el-select-dropdown:visible').waitFor({ state: 'hidden' })
  await at('meeting-minutes').fill('一、通报情况。\n二、议定事项。')
  await at('action-add').click()
  await at('action-what-0').fill('提交改进方案')
  await pick(1, '周敏')
  await shot('meeting-new')
  await at('meeting-save').click()
  await page.waitForURL(/\/meetings\/[0-9a-f-]{36}/)
  meeting = new URL(page.url()).pathname.split('/').pop()
})
await as('counterpart', 'the other side confirms the minutes', async ({ page, shot, go }) => {
  await go(`/meetings/${meeting}`)
  await step(page, 'confirm')
  await stands(page, '已确认')
  await shot('meeting')
})
await as('lead', 'who has the action says that it is done', async ({ page, at, go }) => {
  await go(`/meetings/${meeting}`)
  await at('action-done').click()
  await confirm(page, '方案已提交')
  await at('meeting-actions').getByText('已完成').waitFor()
})
let hidden = null
await as('titles', 'what was not announced is the purchaser alone', async ({ page, shot, at, go }) => {
  await go('/inspections')
  await page.getByRole('table').waitFor()
  await shot('inspections')
  await at('inspection-new').click()
  await at('inspection-unannounced').click()
  for (const [name, said] of [['title', `暗访${mark}`], ['place', '电话'], ['inspectors', '彭雪梅'], ['findings', '一通未报工号']]) await dialog(page).getByTestId(`step-${name}`).fill(said)
  await dialog(page).getByTestId('step-submit').click()
  await page.waitForURL(/\/inspections\/[0-9a-f-]{36}/)
  hidden = new URL(page.url()).pathname.split('/').pop()
  await stands(page, '未公开')
  await shot('inspection-hidden')
})
await as('quality', 'the supplier finds nothing of it', async ({ page, go }) => {
  await go(`/inspections?q=${encodeURIComponent(`暗访${mark}`)}`)
  await page.getByText('没有符合条件的记录').waitFor()
  await go(`/inspections/${hidden}`)
  await page.getByText(/不存在|没有找到|找不到/).first().waitFor()
})
let demanded = null
await as('titles', 'it is released and something is to be put right', async ({ page, go }) => {
  await go(`/inspections/${hidden}`)
  await step(page, 'release')
  await page.getByTestId('step-demand').click()
  await dialog(page).getByTestId('step-title').fill(`报工号${mark}`)
  await dialog(page).getByTestId('step-demand').fill('通话开始即报工号')
  await dialog(page).getByTestId('step-submit').click()
  await dialog(page).waitFor({ state: 'hidden' })
  await page.getByText(`报工号${mark}`).click()
  await page.waitForURL(/\/rectifications\/[0-9a-f-]{36}/)
  demanded = new URL(page.url()).pathname.split('/').pop()
})
await as('quality', 'the supplier answers', async ({ page, shot, go }) => {
  await go(`/rectifications/${demanded}`)
  await step(page, 'answer', '已班前强调并抽查')
  await stands(page, '待复查')
  await shot('rectification')
})
await as('titles', 'the purchaser verifies', async ({ page, go }) => {
  await go(`/inspections?rectification=${demanded}`)
  await step(page, 'verify')
  await stands(page, '已通过')
})
await as('agent1', 'an agent reads a rule and confirms it, and signs for what he was given', async ({ page, shot, at, go }) => {
  await go('/regulations?show=unread')
  await page.getByRole('link', { name: '来电接听作业流程' }).click()
  await step(page, 'confirm')
  await page.getByText('已阅读', { exact: true }).first().waitFor()
  await shot('regulation')
  await go('/supplies')
  await at('supply-sign').first().click()
  await page.getByText('已签收').first().waitFor()
})
let change = null
await as('lead', 'a change is proposed and submitted', async ({ page, shot, at, go }) => {
  await go('/change-control')
  await page.getByRole('table').waitFor()
  await shot('change-control')
  await at('change-new').click()
  for (const [name, said] of [['title', `更换门禁${mark}`], ['reason', '旧门禁失灵'], ['before_text', '刷卡门禁'], ['after_text', '刷卡加密码']]) await dialog(page).getByTestId(`step-${name}`).fill(said)
  await dialog(page).getByTestId('step-submit').click()
  await page.waitForURL(/\/change-control\/[0-9a-f-]{36}/)
  change = new URL(page.url()).pathname.split('/').pop()
  await step(page, 'submit')
  await stands(page, '待审批')
})
await as('purchaser', 'the purchaser consents', async ({ page, go }) => {
  await go(`/change-control/${change}`)
  await step(page, 'approve', '同意')
})
await as('lead', 'it is carried out and closes with its picture alone', async ({ page, shot, at, go }) => {
  await go(`/change-control/${change}`)
  await step(page, 'apply')
  await at('guards').getByText(/没有实施后的照片/).waitFor()
  await at('file-input').setInputFiles({ name: '门禁.png', mimeType: 'image/png', buffer: PNG })
  await page.getByText('门禁.png').first().waitFor()
  await step(page, 'archive')
  await stands(page, '已归档')
  await shot('site-change')
})
let task = null
await as('section', 'a special task is asked for', async ({ page, shot, at, go }) => {
  await go('/special-tasks')
  await page.getByRole('table').waitFor()
  await shot('special-tasks')
  await at('task-new').click()
  await dialog(page).getByTestId('step-title').fill(`专题报告${mark}`)
  await dialog(page).getByTestId('step-request').fill('汇总一周高频问题')
  await dialog(page).getByTestId('step-submit').click()
  await page.waitForURL(/\/special-tasks\/[0-9a-f-]{36}/)
  task = new URL(page.url()).pathname.split('/').pop()
})
await as('analyst', 'it is planned, worked and delivered', async ({ page, go }) => {
  await go(`/special-tasks/${task}`)
  await step(page, 'plan', '两天完成')
  await step(page, 'work', '汇总')
  await step(page, 'deliver', '报告一份')
  await stands(page, '待验收')
})
await as('section', 'it is accepted with a rating', async ({ page, shot, go }) => {
  await go(`/special-tasks/${task}`)
  await step(page, 'accept')
  await stands(page, '已验收')
  await shot('special-task')
})
await as('manager', 'supplies are issued; contracts drawn', async ({ page, shot, at, go }) => {
  await go('/supplies')
  await at('supply-issue').first().click()
  await choose(page, 'people-pick', '何静')
  await dialog(page).getByTestId('step-submit').click()
  await dialog(page).waitFor({ state: 'hidden' })
  await page.getByRole('table').getByRole('link').first().click()
  await at('supply-ledger').getByText('何静').first().waitFor()
  await shot('supplies')
  await go('/past-contracts')
  await at('contract-months').waitFor()
  await shot('past-contracts')
})
await as('purchaser', 'a contract is verified', async ({ page, at, go }) => {
  await go('/past-contracts?state=recorded')
  await page.getByRole('link', { name: '不动产登记咨询热线' }).click()
  await at('contract-verify').click()
  await confirm(page, '已看合同原件')
  await at('contract-months').getByText('已达到').waitFor()
})
await as('lead', 'a patrol with the phone in hand', async ({ page, shot, at, go, api }) => {
  await go('/daily-checks')
  await at('daily-checks').waitFor()
  const open = (await api('GET', '/api/v1/daily-checks')).points.filter((one) => !one.check)
  const point = open.find((one) => one.photo) ?? open[0]
  assert.ok(point, 'everything is looked at today: begin with a new data folder')
  const card = page.locator(`[data-point="${point.code}"]`)
  await card.getByTestId('check-begin').click()
  await card.getByTestId('check-all').click()
  await card.getByRole('radio', { name: '异常' }).first().click()
  await card.getByTestId('check-save').click()
  await card.getByText('有异常时请写明情况').waitFor()
  await card.getByTestId('check-note').fill('插座松动')
  await card.getByTestId('check-photo').setInputFiles({ name: '现场.png', mimeType: 'image/png', buffer: PNG })
  await shot('daily-check')
  await card.getByTestId('check-save').click()
  await card.getByText('有异常').first().waitFor()
  await card.getByRole('img', { name: '现场.png' }).waitFor()
  await at('unfixed').getByText('插座松动').first().waitFor()
  await at('check-fix').first().click()
  await confirm(page, '已更换')
  await shot('daily-checks')
}, 'zh-CN', HAND)
await as('lead', 'what to do now, in the hand and on paper', async ({ page, shot, at, go }) => {
  await go('/continuity')
  await shot('continuity')
  await at('case-power_outage').click()
  await page.locator('[data-case="power_outage"].shown').getByText('2 分钟内').waitFor()
  await shot('continuity-now')
  await page.emulateMedia({ media: 'print' })
  assert.equal(await page.locator('article.sheet:visible').count(), 4)
  await page.emulateMedia({ media: 'screen' })
}, 'zh-CN', HAND)
await as('manager', 'plans, a drill, standbys and forms on paper', async ({ page, shot, at, go }) => {
  await go('/continuity?tab=plans')
  await page.getByRole('link', { name: '座席缺岗' }).click()
  await at('drill-new').click()
  await dialog(page).getByTestId('step-participants').fill('当班全体')
  await dialog(page).getByTestId('step-findings').fill('十分钟内到岗')
  await dialog(page).getByTestId('step-submit').click()
  await dialog(page).waitFor({ state: 'hidden' })
  await at('drills').getByText('十分钟内到岗').first().waitFor()
  await shot('plan')
  await at('plan-edit').click()
  await at('plan-title').waitFor()
  await shot('plan-edit')
  await at('plan-save').click()
  await page.getByText('第 2 版').first().waitFor()
  await go('/continuity?tab=standbys')
  await page.getByText('吴浩然').waitFor()
  await shot('standbys')
  await go('/continuity?tab=sheets')
  await at('sheets-number').click()
  await dialog(page).getByTestId('step-submit').click()
  await dialog(page).waitFor({ state: 'hidden' })
  const [file] = await Promise.all([page.waitForEvent('download'), at('sheet-pdf').first().click()])
  assert.equal(readFileSync(await file.path()).subarray(0, 4).toString('latin1'), '%PDF')
  await at('sheet-close').first().click()
  await confirm(page, '备用未使用')
  await shot('sheets')
})
await as('agent1', 'what was taken on paper is entered', async ({ page, at, go, api }) => {
  const leaf = (await api('GET', '/api/v1/matters')).items.flatMap((branch) => branch.children).find((one) => !one.children?.length)
  await api('POST', '/api/v1/manual-contacts', { channel: 'walk_in', request_type: 'consult', matter: leaf.code, result: 'answered', summary: `停电时手工登记${mark}` })
  await go('/continuity?tab=sheets')
  await at('sheet-enter').first().click()
  await choose(page, 'sheet-contact', `停电时手工登记${mark}`)
  await dialog(page).getByTestId('step-submit').click()
  await dialog(page).waitFor({ state: 'hidden' })
  await page.getByText(/^1 \/ \d+$/).first().waitFor()
})
await as('purchaser', 'the same pages in English', async ({ page, shot, go }) => {
  for (const [path, what] of [['/letters', 'letters'], ['/urgent-notices', 'urgent-notices'], ['/team', 'team'], ['/change-control', 'change-control'], ['/regulations', 'regulations'], ['/special-tasks', 'special-tasks'], ['/daily-checks', 'daily-checks'], ['/past-contracts', 'past-contracts'], ['/continuity', 'continuity']]) {
    await go(path)
    await page.locator('h1').waitFor()
    await shot(what)
  }
}, 'en')

await browser.close()
front.closeAllConnections()
front.close()
process.exit(failures ? 1 : 0)
