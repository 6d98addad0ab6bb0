// Quality on the real server, as the people of the demo see it: work list, a call with its lanes and card, a conversation
// and a work order that are pointed at, appeal, samples with their seed, cards, calibration, corrective actions. `SHOUJIE_SERVER=http://127.0.0.1:8391 node
// scripts/walk-quality.mjs` against a server begun with `shoujie serve --demo` and a new data folder; it writes there.
// `SHOTS=/tmp/shots` keeps pictures.
import assert from 'node:assert/strict'
import { LOW, WIDE, base, browser, password, shots } from './real-server.mjs'

/** What must never stand on a page: identifiers, codes, values that were not filled in. */
const RAW = [/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}/, /\b[a-z]+_[a-z_]+\b/, /\{[a-z_]+\}/, /undefined|NaN|\[object/]
let failures = 0
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
    await page.waitForTimeout(600)
    const text = await page.evaluate(() => {
      const shown = [document.querySelector('main'), ...document.querySelectorAll('.el-drawer, .el-dialog')].filter(Boolean)
      const hidden = shown.flatMap((one) => [...one.querySelectorAll('.mono')])
      for (const one of hidden) one.style.display = 'none'
      const words = shown.map((one) => one.innerText).join('\n')
      for (const one of hidden) one.style.display = ''
      return words
    })
    for (const [size, seen] of [['1366', LOW], ['1920', WIDE]]) {
      await page.setViewportSize(seen)
      await page.waitForTimeout(300)
      if (shots) await page.screenshot({ path: `${shots}/${language === 'en' ? 'en-' : ''}${what}-${size}.png`, fullPage: true })
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${what}-${size}: wider than the screen`)
    }
    await page.setViewportSize(LOW)
    for (const raw of RAW) assert.ok(!raw.test(text), `${what}: ${raw} ${raw.exec(text)?.[0]}`)
  }
  const at = (id) => page.getByTestId(id)
  try {
    await api('POST', '/api/v1/session', { username: who, password })
    await steps({ page, api, shot, at, go: (path) => page.goto(`${base}${path}`) })
    assert.deepEqual(faults, [])
    console.log(`ok   ${name}`)
  } catch (error) {
    failures++
    console.error(`FAIL ${name}: ${error.message}\n${faults.join('\n')}`)
    if (shots) await page.screenshot({ path: `${shots}/FAIL-${name.replaceAll(' ', '-')}.png` }).catch(() => {})
  }
  await context.close()
}
const first = async (api, filter) => (await api('GET', `/api/v1/${filter}`)).items[0].id

for (const language of ['zh-CN', 'en']) {
  await as('quality', `${language} the work list and one call`, async ({ api, shot, at, go, page }) => {
    await go('/home')
    await shot('home')
    await go('/evaluations')
    await at('show-to_score').click()
    await shot('evaluations')
    const id = await first(api, 'evaluations?state=sampled&kind=call')
    await go(`/evaluations/${id}`)
    await at('waveform').waitFor()
    await at('sound-marks').waitFor()
    await at('step-score').click()
    await at('score-sheet').waitFor()
    await at('item-accuracy').locator('input').first().fill('20')
    await at('item-accuracy').locator('input').first().blur()
    await at('item-accuracy').locator('textarea').fill('办理条件说漏一项')
    await at('mark-accuracy').click()
    await at('transcript').waitFor()
    const row = at('segment').nth(2)
    await row.locator('button').first().click()
    await page.waitForFunction(() => document.querySelector('[data-testid="segment"][aria-current="true"]'))
    await row.locator('button').first().press('e')
    await at('item-accuracy').locator('.stamp').nth(1).waitFor()
    await at('transcript-search').fill('请')
    await shot('evaluation')
    assert.equal(await at('running-score').innerText(), '90')
    if (language === 'en') {
      await at('give-score').click()
      await page.getByTestId('evaluation-state').filter({ hasText: 'scored' }).waitFor()
      await shot('evaluation-scored')
    }
    for (const [path, what] of [['/evaluations?compared=true', 'compared'], ['/score-cards', 'cards'], ['/sampling-draws', 'draws'], ['/calibrations', 'calibrations'], ['/corrective-actions?open=', 'correctives'], ['/quality-agents', 'by-agent']]) {
      await go(path)
      await shot(what)
    }
    await go(`/sampling-draws?open=${await first(api, 'sampling-draws')}`)
    await at('draw-voids').waitFor()
    await shot('draw')
    await go(`/score-cards/${await first(api, 'score-cards')}`)
    await shot('card')
    await at('card-edit').click()
    await shot('card-editor')
    await go(`/calibrations/${await first(api, 'calibrations')}`)
    await at('calibration-table').waitFor()
    await at('sound-marks').waitFor()
    await shot('calibration')
    await go(`/corrective-actions/${await first(api, 'corrective-actions?open=true')}`)
    await shot('corrective')
    await at('step-reassign').click()
    await at('corrective-owner').waitFor()
    await shot('corrective-reassign')
    await go('/rules?table=sampling_plans')
    await shot('rules')
    await go('/rules?table=key_phrases')
    await shot('rules-phrases')
  }, language)
}
for (const language of ['zh-CN', 'en']) {
  await as('quality', `${language} a conversation and a work order are pointed at`, async ({ api, shot, at, go, page }) => {
    for (const [kind, part] of [['conversation', 'point-thread'], ['work_order', 'point-steps']]) {
      const chip = (code) => at(`evidence-${code}`)
      // What was scored leads back to where it was read.
      await go(`/evaluations/${await first(api, `evaluations?state=released&kind=${kind}`)}`)
      await at(part).locator('[data-n].on').first().waitFor()
      if (kind === 'conversation') await at('response-gap').first().waitFor()
      await shot(`${kind}-released`)
      await at('read-step').first().click()
      await at(part).locator('[data-n].found').waitFor()
      const mine = (await api('GET', '/api/v1/evaluations?state=sampled&kind=' + kind)).items.find((one) => one.reviewer)
      await go(`/evaluations/${mine.id}`)
      await at('step-score').click()
      await at('score-sheet').waitFor()
      const row = (n) => at(part).locator(`[data-n="${n}"]`)
      // By mouse to the item in hand, by keyboard to another; pointed at again it is gone.
      await at('item-manner').locator('input').first().fill('8')
      await at('item-manner').locator('input').first().blur()
      await at('item-manner').locator('textarea').fill('结束语生硬')
      await row(2).locator('.bubble, .system, .head').first().click()
      await chip('manner').waitFor()
      await at('hand-record').click()
      await row(2).focus()
      await page.keyboard.press('ArrowDown')
      await page.keyboard.press('Enter')
      await chip('record').waitFor()
      await page.keyboard.press('Enter')
      assert.equal(await chip('record').count(), 0)
      await page.keyboard.press('ArrowDown')
      await page.keyboard.press('Enter')
      await chip('record').locator('button').first().click()
      await at(part).locator('[data-n="4"].found').waitFor()
      await shot(`${kind}-scoring`)
      if (language === 'en') {
        await at('give-score').click()
        await page.getByTestId('evaluation-state').filter({ hasText: 'scored' }).waitFor()
        await at('read-step').first().waitFor()
        const { scores } = await api('GET', `/api/v1/evaluations/${mine.id}`)
        assert.equal(scores[0].marks.items.find((mark) => mark.code === 'manner').evidence[0].step, 2)
      }
    }
  }, language)
}
await as('agent1', 'an agent reads his own', async ({ api, shot, at, go }) => {
  await go('/my/evaluations')
  await shot('my-evaluations')
  await go(`/evaluations/${await first(api, 'evaluations?state=released')}`)
  await at('step-appeal').waitFor()
  await shot('my-evaluation')
  await at('step-appeal').click()
  await shot('appeal')
})
await as('agent3', 'an agent reads the score of a conversation', async ({ api, shot, at, go }) => {
  await go(`/evaluations/${await first(api, 'evaluations?state=released&kind=conversation')}`)
  await at('point-thread').waitFor()
  await shot('my-conversation')
})
await as('purchaser', 'the purchaser settles what lies apart', async ({ api, shot, at, go }) => {
  await go(`/evaluations/${await first(api, 'evaluations?unsettled=true')}`)
  await at('step-settle').click()
  await at('score-sheet').waitFor()
  await shot('settle')
})
await browser.close()
process.exit(failures ? 1 : 0)
