// A visitor's walk through the built widget in a real Chromium, against the stand-in server: on another website with
// a strict policy, at the size of a desk and of a telephone, by mouse and by keyboard alone, through every mishap.
// `SHOTS=/tmp/shots node scripts/walk-widget.mjs` keeps pictures.
import assert from 'node:assert/strict'
import { existsSync, mkdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { start } from '../tests/mock/chat.mjs'

const { chromium } = createRequire(import.meta.url)('playwright-core')
const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium'
if (!existsSync(executablePath)) {
  console.log('no Chromium here: the walk is left out')
  process.exit(0)
}
if (!existsSync(new URL('../dist/widget/index.html', import.meta.url))) {
  console.error('the widget was not built: npm run build')
  process.exit(1)
}
const shots = process.env.SHOTS
if (shots) mkdirSync(shots, { recursive: true })

const SIZES = { desk: { width: 1366, height: 768 }, phone: { width: 390, height: 844, touch: true }, narrow: { width: 320, height: 568, touch: true } }
const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAKAAAAB4CAIAAAD6wG44AAABKklEQVR42u3RAQ0AAAjDMO5fNCCDkC5z0HTVrisFCBABASIgQAQEiIAAERAgAgJEQIAICBABASIgQAQEiIAAERAgAgJEQIAICBABASIgQAQEiIAAERAgAgJEQIAICBABASIgQAQEiIAAERAgAgJEQIAICBABASIgQAQEiIAAERAgAgJEQIAICBABASIgQAQEiIAAERAgAgJEQIAICBABASIgQAQEiIAAERAgAgJEQIAICBABASIgQAQEiIAAERAgAgJEQIAICBABASIgQAQEiIAAERAgAgJEQIAICBABASIgQAQEiIAAERAgAgJEQIAICBABASIgQAQEiIAAERAgAgJEQIAICBABASIgQAQEiIAAERAgAgJEQIAICBABASIgQAQEiIAAERAgAgJEQIAICPwPDJ6fAFvB0x8LAAAAAElFTkSuQmCC'

const browser = await chromium.launch({ executablePath, headless: true, args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'] })
let failures = 0
async function walk(name, size, steps, { path = null, host = '127.0.0.1', lang = 'zh-CN' } = {}) {
  if (process.argv[2] && !name.includes(process.argv[2])) return
  const mock = await start({ beat: 5_000 })
  const { touch, ...viewport } = SIZES[size]
  const context = await browser.newContext({ viewport, locale: lang, hasTouch: !!touch, isMobile: !!touch, acceptDownloads: true })
  const page = await context.newPage()
  const faults = []
  page.on('pageerror', (error) => faults.push(`pageerror: ${error.message}`))
  page.on('console', (line) => {
    // A refused or lost request is part of the walk.
    if (line.type() === 'error' && !/Failed to load resource|net::ERR/.test(line.text())) faults.push(line.text())
  })
  page.setDefaultTimeout(20_000)
  const shot = async (what) => shots && page.screenshot({ path: `${shots}/${name}-${what}.png` })
  const frame = page.frameLocator('.panel iframe')
  try {
    await page.goto(path ? `http://127.0.0.1:${mock.port}${path}` : `http://${host}:${mock.otherPort}/`)
    await steps({ page, frame, mock, shot, context, play: mock.play })
    assert.deepEqual(faults, [])
    console.log(`ok   ${name}`)
  } catch (error) {
    failures += 1
    console.error(`FAIL ${name}: ${error.stack}\n${faults.join('\n')}`)
    if (shots) await page.screenshot({ path: `${shots}/${name}-FAILED.png` }).catch(() => {})
  } finally {
    await context.close()
    mock.stop()
  }
}

const opener = (page) => page.getByRole('button', { name: /在线咨询|Chat with us/ })
async function begin({ page, frame }, { text = '报名照片一直上传不了，怎么办？', phone = '' } = {}) {
  await opener(page).click()
  await frame.getByLabel('怎么称呼您').fill('王女士')
  if (phone) await frame.getByLabel('联系电话').fill(phone)
  await frame.getByLabel('想问什么').fill(text)
  await frame.getByRole('checkbox').check()
  await frame.getByRole('button', { name: '开始咨询' }).click()
  await frame.getByText('前面还有 2 位').waitFor()
}
const texts = (frame) => frame.locator('.message .text').allInnerTexts()

for (const size of ['desk', 'phone']) {
  await walk(`${size}-whole`, size, async (at) => {
    const { page, frame, mock, play, shot } = at
    // Nothing of the chat is loaded before it is opened.
    await opener(page).waitFor()
    assert.equal(await page.locator('iframe').count(), 0)
    assert.ok(!mock.world.log.some((line) => line.includes('/config')))
    await shot('01-closed')
    await opener(page).click()
    await frame.getByRole('button', { name: '开始咨询' }).waitFor()
    await shot('02-form')
    await frame.getByLabel('联系电话').fill('12')
    await frame.getByRole('button', { name: '开始咨询' }).click()
    await frame.getByText('请先阅读告知并勾选同意').waitFor()
    await frame.getByText('电话号码不对').waitFor()
    await shot('03-faults')
    await frame.getByLabel('怎么称呼您').fill('王女士')
    await frame.getByLabel('联系电话').fill('139 0000 0001')
    await frame.getByLabel('咨询事项').selectOption('106')
    await frame.getByLabel('想问什么').fill('报名照片一直上传不了，怎么办？')
    await frame.getByRole('checkbox').check()
    // The notice changes just now.
    play('notice', { version: '2026-2' })
    await frame.getByRole('button', { name: '开始咨询' }).click()
    await frame.getByText('告知内容有更新').waitFor()
    assert.equal(await frame.getByLabel('想问什么').inputValue(), '报名照片一直上传不了，怎么办？')
    assert.equal(await frame.getByRole('checkbox').isChecked(), false)
    await shot('04-notice-changed')
    await frame.getByRole('checkbox').check()
    play('refuse', { path: '/sessions', status: 429, code: 'too_many_sessions', after: 20 })
    await frame.getByRole('button', { name: '开始咨询' }).click()
    await frame.getByText('请 20 秒后再试').waitFor()
    await frame.getByRole('button', { name: '开始咨询' }).click()
    await frame.getByText('前面还有 2 位').waitFor()
    await shot('05-waiting')
    play('place', { place: 1 })
    await frame.getByText('下一位就是您').waitFor()
    play('accept')
    await frame.getByText('8003 号客服为您服务').waitFor()
    play('say', { text: '您好，照片要求见 https://www.example.cn/kaoshi/photo?id=7&x=1。\n如果还不行，请把截图发给我。' })
    const link = frame.getByRole('link', { name: /photo/ })
    assert.equal(await link.getAttribute('href'), 'https://www.example.cn/kaoshi/photo?id=7&x=1')
    assert.match(await link.getAttribute('rel'), /noopener/)
    play('say', { text: '<img src=x onerror="alert(1)"><script>alert(2)</script> javascript:alert(3)' })
    await frame.getByText('<script>alert(2)</script>').waitFor()
    assert.equal(await frame.locator('.log img, .log script').count(), 0)
    play('typing')
    await frame.getByText('客服正在输入').waitFor()
    await frame.getByLabel('输入内容').fill('好的，我试试')
    await frame.getByRole('button', { name: '发送' }).click()
    await frame.getByText('好的，我试试').waitFor()
    play('read')
    await frame.getByText('已读').waitFor()
    // A picture is looked at before it goes, and after.
    await frame.locator('input[type=file]').setInputFiles({ name: '截图.png', mimeType: 'image/png', buffer: Buffer.from(PNG, 'base64') })
    await frame.getByText('截图.png').waitFor()
    await shot('06-picture-chosen')
    await frame.getByRole('button', { name: '发送' }).click()
    await frame.getByRole('button', { name: '查看图片 截图.png' }).click()
    await frame.getByRole('button', { name: '关闭图片' }).waitFor()
    await shot('07-viewer')
    await page.keyboard.press('Escape')
    await frame.getByRole('button', { name: '关闭图片' }).waitFor({ state: 'hidden' })
    assert.equal(await page.locator('iframe').isVisible(), true)
    play('say', { file: { name: '报名指南\u202efdp.pdf', media_type: 'application/pdf', base64: 'JVBERi0xLjQ=' } })
    const [download] = await Promise.all([page.waitForEvent('download'), frame.getByRole('button', { name: /保存文件/ }).click()])
    assert.equal(download.suggestedFilename(), '报名指南fdp.pdf')
    await frame.locator('input[type=file]').setInputFiles({ name: 'x.exe', mimeType: 'application/x-msdownload', buffer: Buffer.from('MZ') })
    await frame.getByText('不能发送这种文件').waitFor()
    await shot('08-talking')
    // Folded: what comes is counted, and not marked as read.
    const reads = () => mock.world.log.filter((line) => line.includes('/read')).length
    const before = reads()
    await frame.getByRole('button', { name: '收起' }).click()
    await page.waitForTimeout(200)
    play('say', { text: '还有问题吗' })
    await page.getByRole('button', { name: '在线咨询，1 条未读' }).waitFor()
    assert.equal(reads(), before)
    await shot('09-unread')
    // After a reload the conversation is still there.
    await page.reload()
    await page.getByRole('button', { name: '在线咨询，1 条未读' }).click()
    await frame.getByText('还有问题吗').waitFor()
    await page.waitForTimeout(300)
    assert.ok(reads() > before)
    assert.equal((await texts(frame))[0], '报名照片一直上传不了，怎么办？')
    await frame.getByRole('button', { name: '结束咨询' }).click()
    await shot('10-end-sure')
    await frame.getByRole('button', { name: '结束', exact: true }).click()
    await frame.getByText('您对这次服务满意吗').waitFor()
    await shot('11-ended')
    await frame.getByRole('radio', { name: '不满意', exact: true }).check()
    await frame.getByLabel('哪里不满意').fill('等得太久')
    await shot('12-rating')
    await frame.getByRole('button', { name: '提交评价' }).click()
    await frame.getByText('谢谢您的评价').waitFor()
    await shot('13-rated')
    // Written after the end: the next conversation.
    await frame.getByLabel('输入内容').fill('我还有个问题')
    await frame.getByRole('button', { name: '发送' }).click()
    await frame.getByText('下一位就是您').waitFor()
    assert.equal((await texts(frame)).at(-1), '我还有个问题')
    assert.ok((await texts(frame)).length > 3)
    await shot('14-next')
  })
  await walk(`${size}-closed`, size, async ({ page, frame, mock, play, shot }) => {
    play('hours', { open: false })
    await opener(page).click()
    await frame.getByRole('button', { name: '提交留言' }).click()
    await frame.getByText('请填写联系电话').waitFor()
    await shot('1-faults')
    await frame.getByLabel('联系电话').fill('13900000001')
    await frame.getByLabel('留言内容').fill('缴费后没有显示成功')
    await frame.getByRole('checkbox').check()
    await frame.getByRole('button', { name: '提交留言' }).click()
    await frame.getByText('SJ20261126-0001').waitFor()
    await frame.getByText('11-30 18:00 前').waitFor()
    assert.equal(mock.world.left.length, 1)
    await frame.getByRole('button', { name: '复制工单号' }).click()
    await frame.getByText(/已复制|长按/).waitFor()
    await shot('2-left')
  })
  await walk(`${size}-turned`, size, async (at) => {
    const { frame, mock, shot } = at
    await begin(at, { phone: '13900000001' })
    await frame.getByRole('button', { name: '改为留言' }).click()
    assert.equal(await frame.getByLabel('留言内容').inputValue(), '报名照片一直上传不了，怎么办？')
    await shot('1-form')
    await frame.getByRole('checkbox').check()
    await frame.getByRole('button', { name: '提交留言' }).click()
    await frame.getByText('SJ20261126-0001').waitFor()
    assert.ok(mock.world.log.includes('POST /end'))
  })
}

await walk('desk-order', 'desk', async (at) => {
  const { frame, mock, play } = at
  await begin(at)
  play('accept')
  play('swap', { texts: ['第一', '第二'] })
  await frame.getByText('第二').waitFor()
  // One was lost on the way: the gap is seen and filled.
  play('say', { text: '丢失的', silent: true })
  play('say', { text: '随后的' })
  await frame.getByText('丢失的').waitFor()
  assert.deepEqual((await texts(frame)).slice(2), ['第一', '第二', '丢失的', '随后的'])
  // The same words under the same mark count once, though the first answer was lost.
  play('lose', { times: 2 })
  await frame.getByLabel('输入内容').fill('甲')
  await frame.getByLabel('输入内容').press('Enter')
  await frame.getByLabel('输入内容').fill('乙')
  await frame.getByLabel('输入内容').press('Enter')
  await frame.getByText('未发送，正在重试').first().waitFor()
  await frame.locator('.message.pending').first().waitFor({ state: 'detached', timeout: 20_000 })
  await frame.locator('.message.pending').waitFor({ state: 'detached', timeout: 20_000 })
  assert.deepEqual((await texts(frame)).slice(-2), ['甲', '乙'])
  assert.deepEqual(mock.play('look').messages.slice(-2).map((m) => m.text), ['甲', '乙'])
  // Refused for good: kept, said why, can be taken away.
  play('refuse', { path: '/messages', status: 422, code: 'text_too_long' })
  await frame.getByLabel('输入内容').fill('丙')
  await frame.getByLabel('输入内容').press('Enter')
  await frame.getByText('未发送', { exact: true }).waitFor()
  await frame.getByRole('button', { name: '删除' }).click()
  await frame.getByText('丙').waitFor({ state: 'detached' })
  await frame.getByLabel('输入内容').fill('丁')
  await frame.getByLabel('输入内容').press('Shift+Enter')
  await frame.getByLabel('输入内容').pressSequentially('戊')
  assert.equal(await frame.getByLabel('输入内容').inputValue(), '丁\n戊')
})

await walk('desk-restart', 'desk', async (at) => {
  const { page, frame, mock, play, shot } = at
  await begin(at)
  play('accept')
  await frame.getByText('8003 号客服为您服务').waitFor()
  // The server dies in the middle, the visitor writes on, and everything is there once it is back.
  await mock.crash()
  await frame.getByText('正在重新连接').waitFor()
  await frame.getByLabel('输入内容').fill('断线时写的')
  await frame.getByLabel('输入内容').press('Enter')
  await frame.getByText('未发送，正在重试').waitFor()
  await shot('1-lost')
  play('say', { text: '断线时答的' })
  await mock.again(mock.port)
  await frame.getByText('断线时答的').waitFor({ timeout: 20_000 })
  await frame.locator('.message.pending').waitFor({ state: 'detached', timeout: 20_000 })
  assert.equal(mock.play('look').messages.filter((m) => m.text === '断线时写的').length, 1)
  // Words not yet sent outlive a reload.
  play('refuse', { path: '/messages', status: 503, times: 2 })
  await frame.getByLabel('输入内容').fill('刷新前写的')
  await frame.getByLabel('输入内容').press('Enter')
  await frame.getByText('未发送，正在重试').waitFor()
  await page.reload()
  await frame.getByText('刷新前写的').waitFor()
  await frame.locator('.message.pending').waitFor({ state: 'detached', timeout: 20_000 })
  assert.equal(mock.play('look').messages.filter((m) => m.text === '刷新前写的').length, 1)
  // The stream lives and brings nothing: looked at again, everything is there without a reload.
  play('mute', { on: true })
  play('say', { text: '流里没有的' })
  await page.evaluate(() => dispatchEvent(new Event('online')))
  await frame.locator('body').evaluate(() => dispatchEvent(new Event('online')))
  await frame.getByText('流里没有的').waitFor()
  // Of a visitor whom the server no longer knows, the frame says so and begins anew.
  play('forget')
  await frame.locator('body').evaluate(() => dispatchEvent(new Event('online')))
  await frame.getByText('上次的咨询已过期').waitFor()
  await shot('2-expired')
})

await walk('desk-storage', 'desk', async (at) => {
  const { frame, play, shot } = at
  await begin(at)
  play('accept')
  await frame.getByText('8003 号客服为您服务').waitFor()
  await frame.getByText('刷新或关闭页面后本次咨询不能继续').waitFor()
  await shot('1-not-kept')
  // To this browser another host is a stranger, to whom it lends no storage.
}, { host: 'localhost' })

await walk('desk-keyboard', 'desk', async ({ page, frame, play, shot }) => {
  const focused = () => page.evaluate(() => {
    const inner = document.activeElement?.shadowRoot?.activeElement ?? document.activeElement
    return inner?.getAttribute('aria-label') ?? inner?.title ?? inner?.textContent
  })
  const inside = () => frame.locator('body').evaluate(() => document.activeElement?.id || document.activeElement?.getAttribute('aria-label') || document.activeElement?.textContent)
  for (let n = 0; n < 6 && (await focused()) !== '在线咨询'; n += 1) await page.keyboard.press('Tab')
  assert.equal(await focused(), '在线咨询')
  await shot('1-focus')
  await page.keyboard.press('Enter')
  await frame.getByRole('button', { name: '开始咨询' }).waitFor()
  const seen = []
  for (let n = 0; n < 14; n += 1) {
    await page.keyboard.press('Tab')
    seen.push(await inside())
    if (seen.at(-1) === 'f-text') await page.keyboard.type('照片传不上')
    if (seen.at(-1) === 'f-consent') break
  }
  for (const one of ['收起', 'f-name', 'f-phone', 'f-matter', 'f-text', 'f-consent']) assert.ok(seen.includes(one), `${one} is reached: ${seen}`)
  await page.keyboard.press('Space')
  await page.keyboard.press('Tab')
  await shot('2-begin')
  await page.keyboard.press('Enter')
  await frame.getByText('前面还有 2 位').waitFor()
  assert.equal(await inside(), '输入内容')
  play('accept')
  await page.keyboard.type('只用键盘')
  await page.keyboard.press('Enter')
  await frame.getByText('只用键盘').waitFor()
  await page.keyboard.press('Escape')
  await page.locator('iframe').waitFor({ state: 'hidden' })
  assert.equal(await focused(), '在线咨询')
  await page.keyboard.press('Space')
  await page.locator('iframe').waitFor()
  play('end')
  await frame.getByText('您对这次服务满意吗').waitFor()
  // Backwards into a group it is the last that is reached.
  for (let n = 0; n < 10 && !(await frame.locator('input[value=dissatisfied]').evaluate((e) => e === document.activeElement)); n += 1) await page.keyboard.press('Shift+Tab')
  await page.keyboard.press('ArrowLeft')
  await shot('3-rating')
  assert.equal(await frame.locator('input[value=fair]').isChecked(), true)
  await page.keyboard.press('Enter')
  await frame.getByText('谢谢您的评价').waitFor()
})

await walk('desk-origins', 'desk', async (at) => {
  const { page, frame, mock, play } = at
  await begin(at)
  play('accept')
  // A message of the page itself, or of another frame, moves nothing; neither does nonsense of the right one.
  await page.evaluate(() => { for (const data of [{ shoujie: 'close' }, { shoujie: 'unread', count: 9 }, null, 'x']) postMessage(data, '*') })
  await page.evaluate((src) => { const f = document.createElement('iframe'); f.className = 'foe'; f.src = src; document.body.append(f) }, 'about:blank')
  await page.waitForTimeout(200)
  assert.equal(await page.locator('.panel iframe').isVisible(), true)
  // Neither side's styles reach the other.
  const width = await page.locator('.panel iframe').evaluate((f) => f.getBoundingClientRect().width)
  assert.equal(width, 382)
  assert.equal(await page.locator('#theirs').evaluate((b) => getComputedStyle(b).width), '300px')
  // Every word of the token stays in headers.
  assert.ok(!mock.world.log.some((line) => line.includes('token=')))
  void frame
})

await walk('narrow-whole', 'narrow', async (at) => {
  const { frame, play, shot, page } = at
  await opener(page).click()
  await frame.getByRole('button', { name: '开始咨询' }).waitFor()
  await shot('1-form')
  const wide = await frame.locator('html').evaluate((e) => [e.scrollWidth, e.clientWidth])
  assert.equal(wide[0], wide[1])
  await frame.getByLabel('想问什么').fill('怎么报名')
  await frame.getByRole('checkbox').check()
  await frame.getByRole('button', { name: '开始咨询' }).click()
  await frame.getByText('前面还有 2 位').waitFor()
  play('accept')
  play('say', { text: '一个很长的没有空格的地址 https://www.example.cn/'.concat('a'.repeat(120)) })
  await frame.getByRole('link', { name: /aaaa/ }).waitFor()
  await shot('2-chat')
  assert.equal(await frame.locator('.log').evaluate((e) => e.scrollWidth - e.clientWidth), 0)
})

await walk('desk-english', 'desk', async ({ page, frame, play, shot }) => {
  await opener(page).click()
  await frame.getByRole('button', { name: 'English' }).click()
  await frame.getByRole('button', { name: 'Start the chat' }).waitFor()
  await shot('1-form')
  await frame.getByLabel('Your question').fill('How do I sign up?')
  await frame.getByRole('checkbox').check()
  await frame.getByRole('button', { name: 'Start the chat' }).click()
  await frame.getByText('2 before you').waitFor()
  play('accept')
  await frame.getByText('You are talking to agent 8003').waitFor()
  play('say', { text: 'Yesterday', at: new Date(Date.now() - 86_400_000).toISOString() })
  play('end')
  await frame.getByText('Were you satisfied').waitFor()
  await shot('2-ended')
})

for (const size of ['desk', 'phone']) {
  await walk(`${size}-site`, size, async ({ page, shot }) => {
    await opener(page).waitFor()
    await shot('1-site')
    await page.getByRole('link', { name: '留言', exact: true }).click()
    await page.getByLabel('留言内容').waitFor()
    await page.getByRole('button', { name: '提交留言' }).click()
    await page.getByText('请先阅读告知并勾选同意').waitFor()
    await shot('2-faults')
    await page.getByLabel('联系电话').fill('13900000001')
    await page.getByLabel('留言内容').fill('缴费后没有显示成功')
    await page.getByRole('checkbox').check()
    await page.getByRole('button', { name: '提交留言' }).click()
    await page.getByText('SJ20261126-0001').waitFor()
    await shot('3-left')
    await page.getByRole('link', { name: '查询办理进度' }).click()
    await page.getByTestId('status-number').waitFor()
    assert.equal(await page.getByTestId('status-number').inputValue(), 'SJ20261126-0001')
    await shot('4-status')
    await page.getByRole('link', { name: '网上留言' }).click()
    await page.getByLabel('留言内容').waitFor()
  }, { path: '/site/' })
}

await browser.close()
if (failures > 0) process.exit(1)
