// Every page of people and promises as the role that works there, in a real Chromium against a real server with the
// demo's people, at both sizes, and at phone size where people walk around: no page is wider than its window, none says
// anything to the console, none shows a word that is not translated.
// `BASE=http://127.0.0.1:8080 SHOTS=/tmp/shots node scripts/walk-pages.mjs [role]`
import { existsSync, mkdirSync } from 'node:fs'
import { createRequire } from 'node:module'

const { chromium } = createRequire(import.meta.url)('playwright-core')
const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium'
const base = process.env.BASE
if (!base || !existsSync(executablePath)) {
  console.log(base ? 'no Chromium here: the walk is left out' : 'no server named by BASE: the walk is left out')
  process.exit(0)
}
const shots = process.env.SHOTS
if (shots) mkdirSync(shots, { recursive: true })
const password = process.env.PW ?? 'Shoujie-demo-1'
const SIZES = [{ width: 1366, height: 768 }, { width: 1920, height: 1080 }]
const PHONE = { width: 390, height: 844 }

/** Pages that are also looked at on a phone: where people walk around, and where an agent learns on the way. */
const ON_FOOT = ['/daily-checks', '/continuity', '/my-learning', '/my-reading', '/supplies', '/urgent-notices']
const PAGES = {
  hr: ['/home', '/staff', '/staffing', '/replacements', '/demands', '/transitions', '/carry', '/carry/people', '/wages', '/quotations', '/recruitment-fees', '/personnel-rules'],
  manager: ['/home', '/waiting', '/letters', '/urgent-notices', '/liaisons', '/team', '/meetings', '/inspections', '/inspections?tab=rectifications', '/regulations', '/change-control', '/special-tasks', '/past-contracts', '/supplies', '/continuity', '/exports', '/data-returns'],
  purchaser: ['/home', '/waiting', '/contract', '/leaks', '/export-requests', '/privacy', '/privacy?tab=inventory', '/privacy?tab=erasures', '/access-log', '/section-people', '/data-returns', '/rules?table=liaison_terms', '/rules?table=letter_series', '/rules?table=letter_templates', '/rules?table=check_points', '/rules?table=experience_terms', '/rules?table=privacy_terms', '/certificates', '/staffing', '/wages'],
  trainer: ['/home', '/training', '/training?tab=sessions', '/training?tab=ledger', '/questions', '/papers', '/exams', '/exam-marking', '/certificates', '/typing-tests'],
  liaison: ['/home', '/liaison-todo', '/letters', '/meetings', '/special-tasks'],
  counterpart: ['/home', '/liaison-todo', '/urgent-notices', '/inspections', '/change-control'],
  lead: ['/home', '/daily-checks', '/supplies', '/continuity'],
  agent1: ['/my-learning', '/my-reading', '/my/qualification', '/my/payslips', '/my/handovers', '/daily-checks', '/continuity'],
  quality: ['/home', '/exam-marking', '/recordings'],
  analyst: ['/home'],
  section: ['/home', '/waiting'],
  reviewer: ['/home'],
  sysadmin: ['/home', '/exports'],
  secadmin: ['/home', '/leaks', '/export-requests', '/access-log'],
  auditor: ['/home', '/leaks', '/audit'],
}

const browser = await chromium.launch({ executablePath, headless: true, args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'] })
let failures = 0
for (const [who, paths] of Object.entries(PAGES)) {
  if (process.argv[2] && process.argv[2] !== who) continue
  const context = await browser.newContext({ viewport: SIZES[0], locale: 'zh-CN' })
  const page = await context.newPage()
  const faults = []
  page.on('pageerror', (error) => faults.push(`pageerror: ${error.message}`))
  page.on('console', (line) => {
    if (['error', 'warning'].includes(line.type()) && !/Failed to load resource|net::ERR|WebSocket/.test(line.text())) faults.push(line.text())
  })
  let asked = 0
  const counts = (request) => request.url().includes('/api/') && !request.url().includes('/api/v1/events')
  page.on('request', (request) => { if (counts(request)) asked += 1 })
  for (const end of ['requestfinished', 'requestfailed']) page.on(end, (request) => { if (counts(request)) asked -= 1 })
  const settled = async () => {
    for (let quiet = 0, tries = 0; quiet < 3 && tries < 100; tries += 1) {
      await page.waitForTimeout(100)
      quiet = asked > 0 ? 0 : quiet + 1
    }
  }
  const answer = await page.request.post(`${base}/api/v1/session`, { data: { username: who, password }, headers: { origin: base, 'idempotency-key': crypto.randomUUID() } })
  if (!answer.ok()) faults.push(`sign-in: ${answer.status()}`)
  for (const path of paths) {
    // The page's live events never end, so the network is never idle: it is there when nothing asked is unanswered.
    await page.goto(`${base}${path}`, { waitUntil: 'load' })
    await settled()
    const sizes = ON_FOOT.includes(path.split('?')[0]) ? [...SIZES, PHONE] : SIZES
    for (const size of sizes) {
      await page.setViewportSize(size)
      await page.waitForTimeout(300)
      const name = `${who}${path.replace(/[/?=&]+/g, '-')}-${size.width}`
      if (shots) await page.screenshot({ path: `${shots}/${name}.png` })
      const found = await page.evaluate(() => {
        const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth
        // A key that has no words shows itself: `letters.number`.
        const bare = [...document.querySelectorAll('main *')].filter((one) => one.children.length === 0 && /^[a-z_]+(\.[a-z_]+)+$/.test(one.textContent?.trim() ?? ''))
        return { wide, bare: bare.map((one) => one.textContent?.trim()) }
      })
      if (found.wide > 1) faults.push(`${name}: ${found.wide} px too wide`)
      if (found.bare.length) faults.push(`${name}: ${[...new Set(found.bare)].join(', ')}`)
    }
    await page.setViewportSize(SIZES[0])
  }
  await context.close()
  failures += faults.length
  console.log(faults.length ? `FAIL ${who}\n${[...new Set(faults)].join('\n')}` : `ok   ${who}`)
}
await browser.close()
process.exit(failures ? 1 : 0)
