// Rosters, punching, the sheets of days, leave, swaps and overtime on the real server, as agents, the lead and both kinds
// of purchasers walk them. `SHOUJIE_SERVER=http://127.0.0.1:8391 node scripts/walk-workforce.mjs` against a server begun
// with `shoujie serve --demo` and a new data folder; it writes there. `SHOTS=/tmp/shots` keeps pictures; a pattern behind the
// name of the script walks only the parts whose names it fits.
import assert from 'node:assert/strict'
import { LOW, WIDE, base, browser, front, password, shots } from './real-server.mjs'

const HAND = { width: 390, height: 844 }

/** What must never stand on a page of either language: codes, identifiers, values that were not filled in. */
const RAW = [/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}/, /\b[a-z]+_[a-z_]+\b/, /\{[a-z_]+\}/, /undefined|NaN|\[object/]
let failures = 0
/** Somebody at his screen; `at` finds by test id, `shot` looks at the page at both sizes and reads it for what must not stand there. */
async function as(who, name, steps, language = 'zh-CN', viewport = LOW) {
  if (process.argv[2] && !new RegExp(process.argv[2]).test(name)) return
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
const stands = (page, word) => page.getByTestId('case-state').getByText(word, { exact: true }).waitFor()
const month = (n) => { const at = new Date(Date.parse(`${today.slice(0, 7)}-01`)); at.setUTCMonth(at.getUTCMonth() + n); return at.toISOString().slice(0, 7) }

await as('agent1', 'punch: an agent comes, with the phone in hand', async ({ page, shot, at, go }) => {
  await go('/my/attendance')
  await at('punch-box').waitFor()
  await shot('punch-before')
  await at('punch-in').click()
  await at('punch-state').getByText('上班').waitFor()
  await at('my-attendance').getByText('未签入', { exact: true }).waitFor()
  await shot('punch-in')
  await at('punch-out').click()
  await at('punch-state').getByText('下班').waitFor()
  await shot('punch-out')
}, 'zh-CN', HAND)
await as('agent2', 'punch: the desk has it in one line', async ({ page, shot, at, go }) => {
  await go('/desk')
  await at('punch-in').click()
  await at('punch-out').waitFor()
  await shot('desk-punch')
})

let closed = null
await as('lead', 'attendance: the lead closes a day by its evidence', async ({ page, api, shot, at, go }) => {
  await go('/attendance')
  await at('attendance-month').waitFor()
  await shot('attendance-month')
  const days = (await api('GET', `/api/v1/attendance-days?from=${shift(-30)}&to=${shift(-1)}`)).items.filter((one) => one.state === 'open').map((one) => one.day).sort()
  closed = days.at(-1) ?? null
  if (!closed) return
  await go(`/attendance/${closed}`)
  await at('day-lines').waitFor()
  await shot('attendance-evidence')
  await page.locator('[data-seat]').first().getByTestId('line-overrule').click()
  await dialog(page).getByTestId('overrule-leave').click()
  await confirm(page, '当天电话请假，补办手续')
  await page.getByText('将改判为事假').waitFor()
  await at('day-close').click()
  await shot('attendance-closing')
  await dialog(page).getByTestId('step-submit').click()
  await at('day-state').getByText('待确认').waitFor()
  await shot('attendance-closed')
})
await as('reviewer', 'attendance: the purchaser sends back what he doubts', async ({ page, shot, at, go }) => {
  if (!closed) return
  await go(`/attendance/${closed}`)
  await at('day-send-back').click()
  await confirm(page, '请补充改判依据')
  await at('day-state').getByText('未关账').waitFor()
  await shot('attendance-sent-back')
})
await as('lead', 'attendance: it is closed anew, others with it', async ({ api, go, at }) => {
  const open = (await api('GET', `/api/v1/attendance-days?from=${shift(-12)}&to=${shift(-1)}`)).items.filter((one) => one.state === 'open')
  for (const one of open) await api('POST', `/api/v1/attendance-days/${one.day}/close`, { version: one.version, overruled: [] })
  await go('/attendance')
  await at('attendance-month').waitFor()
})
let frozen = null
await as('reviewer', 'attendance: many days are confirmed at once, exceptions first', async ({ page, api, shot, at, go }) => {
  await go(`/attendance?month=${shift(-1).slice(0, 7)}`)
  await at('attendance-month').waitFor()
  if (!(await at('choose-all').count())) return
  await shot('attendance-waiting')
  await at('choose-all').click()
  await at('attendance-confirm').click()
  await page.getByTestId('confirm-submit').waitFor()
  await page.waitForTimeout(600)
  await shot('attendance-confirming')
  await at('confirm-submit').click()
  await at('attendance-frozen').waitFor()
  await shot('attendance-frozen')
  await dialog(page).getByRole('button', { name: '关闭' }).last().click()
  await at('chain-verify').click()
  await at('attendance-chain').getByText('与双方确认时一致').waitFor()
  await shot('attendance-chain')
  frozen = (await api('GET', `/api/v1/attendance-days?from=${shift(-30)}&to=${shift(-1)}`)).items.find((one) => one.state === 'frozen')?.day
  await go(`/attendance/${frozen}`)
  await at('line-correct').first().click()
  await dialog(page).getByTestId('correct-present').click()
  await shot('attendance-correcting')
  await confirm(page, '门禁记录显示当天到岗')
  await page.getByText('更正待决定').first().waitFor()
  await shot('attendance-proposed')
})
await as('lead', 'attendance: the other side decides on a correction', async ({ page, shot, at, go }) => {
  if (!frozen) return
  await go(`/attendance/${frozen}`)
  await at('correction-accept').click()
  await page.getByText('更正待决定').first().waitFor({ state: 'hidden' })
  await shot('attendance-corrected')
  await go('/attendance?show=corrections')
  await page.getByRole('table').first().waitFor()
  await shot('attendance-corrections')
})
await as('lead', 'attendance: in English', async ({ at, go, shot }) => {
  await go('/attendance')
  await at('attendance-month').waitFor()
  await shot('attendance-month')
  await go(`/attendance/${frozen ?? shift(-1)}`)
  await at('attendance-day').waitFor()
  await shot('attendance-day')
}, 'en')

let order = null
await as('counterpart', 'overtime: the purchaser asks for it in an emergency', async ({ page, shot, at, go }) => {
  await go('/overtime')
  await at('overtime-new').click()
  await typeDay(page, '日期', today)
  await at('overtime-class').waitFor()
  await shot('overtime-asking')
  await confirm(page, `成绩发布，来电激增${mark}`)
  await page.waitForURL(/\/overtime\/[0-9a-f-]{36}$/)
  order = new URL(page.url()).pathname
  await stands(page, '已提出')
})
await as('lead', 'overtime: the supplier says who works it; a cap needs its reason', async ({ page, shot, at, go }) => {
  await go(order)
  await at('overtime-plan').click()
  for (const [i, name] of ['陈晓雯', '李志强'].entries()) {
    await dialog(page).getByTestId('agent-picker').nth(i).click()
    await page.locator('.el-select-dropdown:visible .el-select-dropdown__item', { hasText: name }).first().click()
    await page.locator('.el-select-dropdown:visible').waitFor({ state: 'hidden' })
  }
  const hours = dialog(page).locator('.el-input-number input').first()
  await hours.fill('4')
  await hours.press('Tab')
  await at('plan-submit').click()
  await at('overtime-passed').waitFor()
  await shot('overtime-over-cap')
  await at('overtime-despite').fill('突发成绩发布，无他人可替')
  await at('plan-submit').click()
  await dialog(page).waitFor({ state: 'hidden' })
  await stands(page, '已安排')
  await at('overtime-report').click()
  await dialog(page).getByTestId('step-submit').click()
  await stands(page, '待确认工时')
})
await as('counterpart', 'overtime: the purchaser confirms the hours', async ({ page, shot, at, go }) => {
  await go(order)
  await at('overtime-confirm').click()
  await stands(page, '已确认')
  await shot('overtime-confirmed')
  await go('/overtime')
  await page.getByRole('table').first().waitFor()
  await shot('overtime')
})
await as('purchaser', 'rules: the terms of attendance and rosters', async ({ page, shot, go }) => {
  for (const table of ['workforce_terms', 'roster_terms']) {
    await go(`/rules?table=${table}`)
    await page.getByRole('tab', { selected: true }).waitFor()
    await shot(`rules-${table}`)
  }
})
let planned = null
await as('lead', 'roster: a month is drafted by the solver, mended by hand and published', async ({ page, api, shot, at, go }) => {
  await go('/shift-templates')
  await page.getByRole('table').first().waitFor()
  await shot('shift-templates')
  await at('shift-new').click()
  await shot('shift-new')
  await cancel(page)
  // The first month from the next on that is still a draft.
  for (let n = 1; n < 12 && !planned; n++) if ((await api('GET', `/api/v1/rosters/${month(n)}`)).state === 'draft') planned = month(n)
  await go(`/roster?month=${planned}`)
  await at('roster-grid').waitFor()
  await shot('roster-empty')
  await at('roster-draft').click()
  await at('draft-begin').click()
  await at('draft-done').waitFor({ timeout: 60_000 })
  await shot('roster-drafting')
  await dialog(page).getByRole('button', { name: '关闭' }).first().click()
  await dialog(page).waitFor({ state: 'hidden' })
  await page.locator('[data-cell] .shift').first().waitFor()
  await shot('roster-drafted')
  // Dragged from one person to another of the same day, and taken back.
  const had = (await api('GET', `/api/v1/rosters/${planned}`)).cells
  const people = (await api('GET', `/api/v1/rosters/${planned}`)).people.map((one) => one.id)
  const one = had.find((cell) => people.some((user) => user !== cell.user_id && !had.some((each) => each.day === cell.day && each.user_id === user))) ?? had[0]
  const to = people.find((user) => user !== one.user_id && !had.some((each) => each.day === one.day && each.user_id === user)) ?? people.find((user) => user !== one.user_id)
  await page.locator(`[data-cell="${one.day} ${one.user_id}"] [draggable=true]`).dragTo(page.locator(`[data-cell="${one.day} ${to}"]`))
  await page.waitForFunction(async ([address, day, user, shift]) => (await (await fetch(address)).json()).cells.some((cell) => cell.day === day && cell.user_id === user && cell.shift_id === shift), [`/api/v1/rosters/${planned}`, one.day, to, one.shift_id])
  await page.waitForTimeout(500)
  await at('roster-undo').click()
  await page.waitForFunction(async ([address, day, user, shift]) => (await (await fetch(address)).json()).cells.some((cell) => cell.day === day && cell.user_id === user && cell.shift_id === shift), [`/api/v1/rosters/${planned}`, one.day, one.user_id, one.shift_id])
  // By the keyboard: taken away, the day is short; why not; given back.
  await page.locator(`[data-cell="${one.day} ${one.user_id}"]`).click()
  await page.keyboard.press('Delete')
  await page.locator(`[data-cell="${one.day} ${one.user_id}"] .shift`).waitFor({ state: 'detached' })
  await page.waitForTimeout(300)
  await shot('roster-findings')
  await page.locator(`[data-cell="${one.day} ${one.user_id}"]`).press('Enter')
  await at('cell-menu').getByText('可排').first().waitFor()
  await shot('roster-why-not')
  await at(`give-${one.shift_id}`).click()
  await page.locator(`[data-cell="${one.day} ${one.user_id}"] .shift`).waitFor()
  // One more away.
  await at('roster-guess').click()
  await page.locator(`[data-cell="${one.day} ${one.user_id}"]`).click()
  await at('roster-findings').first().locator('li').first().waitFor()
  await shot('roster-what-if')
  await at('roster-guess').click()
  await at('roster-publish').click()
  await at('roster-publishing').waitFor()
  await shot('roster-publishing')
  if (await at('publish-despite').count()) await at('publish-despite').fill('人员未满编，已报采购人')
  await at('publish-submit').click()
  await at('roster-state').getByText('已发布').waitFor()
  // What is published changes with a reason.
  await page.locator(`[data-cell="${one.day} ${one.user_id}"]`).click()
  await page.keyboard.press('0')
  await at('change-reason').fill('临时调整')
  await at('change-submit').click()
  await page.waitForTimeout(800)
  await shot('roster-change')
  if (await at('change-despite').count()) {
    await at('change-despite').fill('当日来电少')
    await at('change-submit').click()
  }
  await dialog(page).waitFor({ state: 'hidden' })
  await at('roster-history').click()
  await at('roster-changes').getByText('临时调整').waitFor()
  await shot('roster-changes')
})
await as('lead', 'roster: somebody calls in sick', async ({ page, api, shot, at, go }) => {
  await go(`/roster?month=${planned}`)
  await at('roster-repair').click()
  await at('repair-who').click()
  await page.locator('.el-select-dropdown:visible .el-select-dropdown__item', { hasText: '林佩珊' }).first().click()
  const cell = (await api('GET', `/api/v1/rosters/${planned}`)).cells.find((each) => each.user_id && each.day > `${planned}-07`)
  const days = dialog(page).locator('.el-range-input')
  for (const n of [0, 1]) { await days.nth(n).fill(cell.day); await days.nth(n).press('Enter') }
  await at('repair-propose').click()
  await at('repair-reason').waitFor()
  await shot('roster-repair')
  await at('repair-reason').fill('急病，电话请假')
  if (await at('repair-despite').count()) await at('repair-despite').fill('无人可替')
  await at('repair-apply').click()
  await dialog(page).waitFor({ state: 'hidden' })
  await page.locator('.leave').first().waitFor()
  await shot('roster-repaired')
})
const mine = async (api, who) => (await api('GET', `/api/v1/rosters/${planned}`)).cells.filter((cell) => cell.user_id === who).map((cell) => cell.day).sort()
let swapped = null
await as('agent1', 'own: his week with the phone in hand, leave and a swap', async ({ page, api, shot, at, go }) => {
  const me = (await api('GET', '/api/v1/session')).user.id
  const days = await mine(api, me)
  await go(`/my/roster?week=${days[4]}`)
  await page.locator('[data-day]').first().waitFor()
  await shot('my-roster')
  const [file] = await Promise.all([page.waitForEvent('download'), at('roster-ics').click()])
  assert.match(file.suggestedFilename(), /\.ics$/)
  await at('ask-leave').click()
  await shot('leave-asking')
  await typeDay(page, '开始', days.at(-1))
  await typeDay(page, '结束', days.at(-1))
  await confirm(page, '家中有事')
  await page.getByText('待审批').waitFor()
  await shot('my-roster-asked')
  // A day on which the two have different shifts, so that the swap is one.
  const all = await api('GET', `/api/v1/rosters/${planned}`)
  const other = all.people.find((one) => one.name === '李志强').id
  const shiftOn = (user, day) => all.cells.find((cell) => cell.user_id === user && cell.day === day)?.shift_id
  const day = days.find((each) => shiftOn(other, each) && shiftOn(other, each) !== shiftOn(me, each)) ?? days[0]
  await at('ask-swap').click()
  await page.getByTestId('swap-mine').click()
  await page.locator('.el-select-dropdown:visible .el-select-dropdown__item', { hasText: day.slice(5) }).first().click()
  await choose(page, 'swap-colleague', '李志强')
  await page.getByTestId('swap-theirs').click()
  await page.locator('.el-select-dropdown:visible .el-select-dropdown__item', { hasText: day.slice(5) }).first().click()
  await dialog(page).getByTestId('roster-findings').waitFor()
  await shot('swap-asking')
  await confirm(page, '早上要送孩子')
  swapped = (await api('GET', '/api/v1/shift-swaps?state=asked')).items[0].id
}, 'zh-CN', HAND)
await as('agent2', 'own: a colleague answers a swap', async ({ page, shot, at, go }) => {
  await go('/my/roster')
  await at('swaps-to-answer').waitFor()
  await shot('swap-to-answer')
  await go(`/swaps?open=${swapped}`)
  await at('swap-yes').waitFor()
  await shot('swap-answering')
  await at('swap-yes').click()
  await stands(page, '待班长审批')
}, 'zh-CN', HAND)
await as('lead', 'leave and swaps: the lead decides', async ({ page, shot, at, go }) => {
  await go('/swaps')
  await page.getByRole('table').first().waitFor()
  await page.locator('tbody tr').first().click()
  await at('swap-yes').waitFor()
  await shot('swaps')
  await at('swap-yes').click()
  await stands(page, '已换班')
  await go('/leave')
  await page.getByRole('table').first().waitFor()
  await page.locator('tbody tr', { hasText: '待审批' }).first().click()
  await at('leave-approve').waitFor()
  await shot('leave')
  await at('leave-approve').click()
  await stands(page, '已批准')
  await page.keyboard.press('Escape')
  await page.locator('.side-drawer').waitFor({ state: 'hidden' })
  await at('leave-page').getByTestId('leave-new').click()
  await shot('leave-registering')
})
await as('counterpart', 'roster: the purchaser sees what is published', async ({ at, shot, go }) => {
  await go(`/roster?month=${planned}`)
  await at('roster-grid').waitFor()
  await shot('roster-purchaser')
})
await as('lead', 'roster: in English', async ({ at, go, shot }) => {
  await go(`/roster?month=${planned}`)
  await at('roster-grid').waitFor()
  for (const what of ['roster', 'leave', 'swaps', 'shift-templates', 'overtime']) {
    if (what !== 'roster') await go(`/${what}`)
    await at(what === 'roster' ? 'roster-grid' : what === 'shift-templates' ? 'shift-templates' : `${what}-page`).waitFor()
    await shot(what)
  }
}, 'en')

await browser.close()
front.closeAllConnections()
front.close()
process.exit(failures ? 1 : 0)
