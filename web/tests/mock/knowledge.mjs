// The knowledge of the stand-in: articles and their changes, search, gaps, dates, fault trees, reading. Development only.
import { randomUUID } from 'node:crypto'

const DAY = 86_400_000
const iso = (ms = 0) => new Date(Date.now() + ms).toISOString()
const midnight = (days) => { const t = Date.now() + days * DAY; const d = new Date(t + 8 * 3_600_000).toISOString().slice(0, 10); return new Date(`${d}T00:00:00+08:00`).toISOString() }
const hour = (days, h) => new Date(Date.parse(midnight(days)) + h * 3_600_000).toISOString()

const view = ['articles:view', 'approvals:view', 'lookups:view', 'knowledge_gaps:report']
const all = (codes) => Object.fromEntries(codes.map((code) => [code, 'all']))
const RIGHTS = {
  agent: { ...all([...view, 'fault_trees:walk', 'assist:use']), 'articles:write': 'own', 'fault_tree_walks:view': 'own' },
  lead: all([...view, 'articles:write', 'approvals:emergency', 'knowledge_gaps:handle', 'fault_trees:walk', 'fault_tree_walks:view', 'assist:use', 'reading:coverage', 'reading:set']),
  purchaser: all([...view, 'articles:write', 'approvals:decide', 'synonyms:manage', 'knowledge_gaps:handle', 'lookups:maintain', 'fault_tree_walks:view', 'rules:set_knowledge', 'reading:coverage', 'reading:set', 'matters:view', 'sections:view', 'users:view']),
}
/** The rights of knowledge that a sign-in name has in the stand-in. */
export const rightsOf = (who) => RIGHTS[who?.startsWith('agent') ? 'agent' : who] ?? {}

/** Whether a model is connected; `/mock/assist` connects one. */
let assist = false
export const connectModel = () => void (assist = true)

export function knowledge({ agents, users, matterName, page, problem, live, who }) {
  const ref = (name) => { const u = users.find((x) => x.username === name) ?? users[0]; return { id: u.id, name: u.name, staff_no: u.staff_no } }
  let changes = 0
  const line = (action, by, note = null, at = iso()) => ({ at, who: by ? ref(by).name : 'system:knowledge', who_id: by ? ref(by).id : null, action, note })
  const change = (kind, subject, n, title, state, more = {}) => ({
    id: randomUUID(), number: `BG20261126-${String((changes += 1)).padStart(3, '0')}`, kind, subject_id: subject.id, subject_number: subject.number, n, title, state, emergency: false, reason: null, opinion: null,
    author: ref('agent2'), submitted_by: null, submitted_at: null, decided_by: null, decided_at: null, due_at: null, effective_at: null, ended_at: null, valid_to: null, review_due: null, due_for_review: false, overdue: false, version: 1,
    lines: [line('drafted', 'agent2', null, iso(-9 * DAY))], ...more,
  })
  const effective = (days, more = {}) => ({ submitted_by: ref('lead'), submitted_at: iso(-(days + 2) * DAY), decided_by: ref('purchaser'), decided_at: iso(-days * DAY), effective_at: midnight(-days), lines: [line('drafted', 'agent2', null, iso(-(days + 3) * DAY)), line('submitted', 'lead', '按新公告修改缴费截止时间', iso(-(days + 2) * DAY)), line('approved', 'purchaser', '同意', iso(-days * DAY)), line('effective', null, null, iso(-days * DAY))], ...more })
  const version = (a, n, content, state, more) => {
    const approval = change('article', a, n, content.title, state, more)
    return { n, citation: `${a.id}@${n}`, author: approval.author, created_at: approval.lines[0].at, keywords: [], public_answer: null, source_no: '', valid_from: null, valid_to: null, review_due: null, ...content, approval }
  }
  const articles = []
  function article(kind, matter, section, versions) {
    const a = { id: randomUUID(), number: `ZS${String(articles.length + 1).padStart(4, '0')}`, kind, matter, owner_section: section, tags: [], created_by: ref('agent2'), created_at: iso(-60 * DAY), updated_at: iso(-articles.length * 9 * 3_600_000), version: 3, versions: [] }
    a.versions = versions(a)
    articles.push(a)
    return a
  }
  const refund = { title: '报名费交错了能否退费', question: '报名费交错了可以退吗？重复缴费怎么办？', answer: '请以本次考试公告为准，通常缴费成功后不退费。\n重复缴费的，系统在 15 个工作日内原路退回。\n特殊情况请登记姓名、考试名称和缴费时间，我们转业务科室确认后答复。', public_answer: '通常缴费成功后不退费；重复缴费的原路退回。', keywords: ['退费', '重复缴费', '交错'], source_title: '2026 年度人事考试收费与退费管理通知', source_no: '粤人社规〔2026〕3 号' }
  article('script', '106', 'exams', (a) => [
    version(a, 1, { ...refund, answer: refund.answer.replace('15 个工作日', '30 个工作日') }, 'superseded', effective(40, { ended_at: iso(-20 * DAY) })),
    version(a, 2, { ...refund, valid_to: midnight(40), review_due: midnight(-1) }, 'effective', effective(20, { due_for_review: true, review_due: midnight(-1) })),
    version(a, 3, { ...refund, question: '报名费交错了可以退吗？重复缴费、多缴费怎么办？', answer: '请以本次考试公告为准，通常缴费成功后不退费。\n重复缴费或多缴费的，系统在 7 个工作日内原路退回。\n到账以银行为准。\n特殊情况请登记姓名、考试名称和缴费时间，我们转业务科室确认后答复。', keywords: ['退费', '重复缴费', '多缴', '交错'], valid_to: midnight(200), review_due: midnight(90) }, 'submitted', { submitted_by: ref('lead'), submitted_at: iso(-1.6 * DAY), due_at: iso(-2 * 3_600_000), overdue: true, lines: [line('drafted', 'agent2', null, iso(-3 * DAY)), line('submitted', 'lead', '依据新收费通知缩短退费时限', iso(-1.6 * DAY)), line('overdue', null, null, iso(-2 * 3_600_000))] }),
  ])
  const seeds = [
    ['article', '103', '照片上传失败怎么处理', '照片总是上传失败。', '请使用报名系统提供的照片处理工具处理后再上传，并检查底色、尺寸和文件大小。\n仍失败请截图并说明浏览器版本，我们登记故障。', ['照片', '上传'], '报名系统操作手册', ''],
    ['script', '107', '准考证打印时间', '准考证什么时候打印？', '通常在考前一段时间开放，具体以本次公告公布的起止时间为准。\n建议提前打印并核对姓名、证件号、考点。', ['准考证', '打证'], '2026 年度一级建造师考务公告', '穗人考〔2026〕12 号'],
    ['script', '102', '忘记报名系统密码', '忘记报名系统用户名或密码怎么办？', '请先用网页的“找回用户名或密码”功能。\n如不能找回，可登记姓名、证件类型和联系方式，由报考地考试机构核实身份后协助处理。\n我们不会向您索取密码。', ['密码', '找回'], '报名系统操作手册', ''],
    ['article', '205', '职称申报系统登录不了', '职称申报系统登录不了。', '请先确认登录入口正确、浏览器允许弹窗和证件信息一致。\n若提示账号异常，请登记单位名称和报错内容。', ['职称', '登录'], '职称评审系统使用指南', ''],
    ['script', '207', '继续教育学时不够能否申报', '继续教育学时不够能申报吗？', '学时要求以当年文件为准。请先在继续教育系统核对学时记录，异议由管理部门认定。', ['继续教育', '学时'], '专业技术人员继续教育规定', '人社部令第 25 号'],
    ['script', '109', '成绩公布时间', '成绩什么时候公布？', '通常在考试结束后一段时间公布，请以官方查询入口的公告为准。我们不能代查他人成绩。', ['成绩'], '2026 年度人事考试工作计划', ''],
  ]
  seeds.forEach(([kind, matter, title, question, answer, keywords, source_title, source_no], i) => article(kind, matter, i % 2 ? 'titles' : 'exams', (a) => [version(a, 1, { title, question, answer, keywords, source_title, source_no, public_answer: i % 2 ? answer : null, review_due: midnight(60 + i * 9) }, 'effective', effective(10 + i * 6))]))
  article('script', '105', 'exams', (a) => [version(a, 1, { title: '学历信息显示未核验', question: '学历信息显示“未核验”怎么办？', answer: '在线核验一般需要一段时间，请在提交后约 24 小时再登录查看。', source_title: '报名公告' }, 'returned', { opinion: '请补充人工核查的材料清单和提交时限。', lines: [line('drafted', 'agent1'), line('submitted', 'agent1'), line('returned', 'purchaser', '请补充人工核查的材料清单和提交时限。')], author: ref('agent1') })])
  article('script', '114', 'exams', (a) => [
    version(a, 1, { title: '报名系统暂停服务的答复', question: '报名网站打不开，是不是停了？', answer: '系统运行正常，请更换浏览器或网络再试。', source_title: '技术单位通报' }, 'paused', effective(30)),
    version(a, 2, { title: '报名系统暂停服务的答复', question: '报名网站打不开，是不是停了？', answer: '报名系统今天 14:00 至 18:00 紧急维护，期间不能报名和缴费。\n报名截止时间顺延，具体以公告为准。', source_title: '技术单位通报', source_no: '11 月 26 日' }, 'pending_ratification', { emergency: true, reason: '系统紧急维护，正在大量来电，原口径会误导诉求人', submitted_by: ref('lead'), submitted_at: iso(-3_600_000 * 3), effective_at: iso(-3_600_000 * 3), due_at: iso(3_600_000 * 21), lines: [line('drafted', 'lead'), line('emergency', 'lead', '系统紧急维护，正在大量来电，原口径会误导诉求人')], author: ref('lead') }),
  ])
  article('article', '202', 'titles', (a) => [version(a, 1, { title: '职称系列与层级说明', question: '职称分哪些系列和层级？', answer: '分初级、中级、副高级和正高级，各系列名称不同，请提供拟申报系列，由我们核对对应文件。', source_title: '职称制度改革意见' }, 'draft', { author: ref('agent1') })])
  article('script', '110', 'exams', (a) => [version(a, 1, { title: '证书领取方式', question: '证书怎么领？', answer: '多数考试可下载电子证书；纸质证书以发证机构公告的方式领取。', source_title: '证书管理办法' }, 'approved', { ...effective(1), effective_at: midnight(3) })])

  const HOLDS = ['effective', 'pending_ratification']
  const holding = (a) => a.versions.find((v) => HOLDS.includes(v.approval.state)) ?? null
  const latest = (a) => a.versions.at(-1)
  const shown = (a) => {
    const [h, l] = [holding(a), latest(a)]
    const { versions, ...rest } = a
    return { ...rest, title: l.title ?? '', state: l.approval.state, current: h?.n ?? null, latest: l.n, emergency: h?.approval.state === 'pending_ratification', due_for_review: h?.approval.due_for_review ?? false, review_due: h?.review_due ?? null, effective_at: h?.approval.effective_at ?? null, valid_to: h?.valid_to ?? null }
  }
  const bare = ({ lines, ...approval }) => approval
  const version1 = (v) => v && { ...v, approval: bare(v.approval) }
  const whole = (a) => ({ ...shown(a), in_force: version1(holding(a)), working: latest(a) === holding(a) ? null : version1(latest(a)) })
  const subjects = () => [...articles, ...trees]
  const approvals = () => subjects().flatMap((s) => s.versions.map((v) => v.approval))
  const stale = (given, row) => (given !== undefined && given !== row.version ? problem(409, 'stale_version', { version: row.version, state: row.state ?? '' }) : null)

  function step(approval, verb, b) {
    const subject = subjects().find((s) => s.id === approval.subject_id)
    const told = { submit: 'submitted', recall: 'recalled', discard: 'discarded', emergency: 'emergency', approve: 'approved', return: 'returned', ratify: 'ratified', refuse: 'refused', withdraw: 'withdrawn', review: 'reviewed' }[verb]
    const later = b.effective_at && Date.parse(b.effective_at) > Date.now()
    const state = { submit: 'submitted', recall: 'draft', discard: 'withdrawn', emergency: 'pending_ratification', approve: later ? 'approved' : 'effective', return: 'returned', ratify: 'effective', refuse: 'withdrawn', withdraw: 'withdrawn', review: 'effective' }[verb]
    if (HOLDS.includes(state) && verb !== 'ratify' && verb !== 'review') for (const v of subject.versions) if (HOLDS.includes(v.approval.state) && v.approval !== approval) Object.assign(v.approval, { state: verb === 'emergency' ? 'paused' : 'superseded', ended_at: iso() })
    if (verb === 'refuse') for (const v of subject.versions) if (v.approval.state === 'paused') v.approval.state = 'effective'
    Object.assign(approval, { state, version: approval.version + 1, overdue: false, due_at: state === 'submitted' || state === 'pending_ratification' ? iso(2 * DAY) : null, lines: [...approval.lines, line(told, who(), b.opinion ?? b.reason ?? b.note ?? null)] })
    if (verb === 'submit') Object.assign(approval, { submitted_by: ref(who()), submitted_at: iso() })
    if (verb === 'emergency') Object.assign(approval, { emergency: true, reason: b.reason, effective_at: iso() })
    if (['approve', 'return', 'ratify', 'refuse'].includes(verb)) Object.assign(approval, { decided_by: ref(who()), decided_at: iso(), opinion: b.opinion ?? null })
    if (verb === 'approve') approval.effective_at = b.effective_at ?? iso()
    if (verb === 'review') Object.assign(approval, { due_for_review: false, review_due: b.review_due })
    subject.version += 1
    subject.updated_at = iso()
    live(approval.kind, { id: subject.id, number: subject.number, what: told, state, n: approval.n, current: holding(subject)?.n ?? null })
    return approval
  }

  // --- search ---
  const groups = [{ id: randomUUID(), words: ['退费', '退款', '退钱'], version: 1 }, { id: randomUUID(), words: ['准考证', '打证', '考试通行证'], version: 1 }, { id: randomUUID(), words: ['登录不了', '登不上', '进不去'], version: 1 }]
  function find(q, matter, limit) {
    const words = q.trim().split(/\s+/).flatMap((word) => { const group = groups.find((g) => g.words.includes(word)); return [[word, 'word'], ...(group ? group.words.filter((w) => w !== word).map((w) => [w, 'synonym']) : [])] })
    const hits = []
    for (const a of articles) {
      const v = holding(a)
      if (!v || (matter && a.matter !== matter)) continue
      const why = new Set()
      const marks = []
      if (a.number.toLowerCase() === q.toLowerCase()) why.add('number')
      if (v.source_no && v.source_no.includes(q)) why.add('document')
      for (const [word, kind] of words) {
        for (const [field, text] of [['title', v.title], ['question', v.question], ['answer', v.answer.slice(0, 160)]]) {
          const at = text.indexOf(word)
          if (at >= 0) { why.add(kind); marks.push({ field, start: [...text.slice(0, at)].length, end: [...text.slice(0, at)].length + [...word].length }) }
        }
      }
      if (/^[a-z]+$/.test(q) && { tf: '退费', zkz: '准考证', zp: '照片', mm: '密码', cj: '成绩' }[q] && (v.title + v.keywords).includes({ tf: '退费', zkz: '准考证', zp: '照片', mm: '密码', cj: '成绩' }[q])) why.add('pinyin')
      if (why.size) hits.push({ id: a.id, number: a.number, n: v.n, citation: v.citation, kind: a.kind, matter: a.matter, title: v.title, question: v.question, keywords: v.keywords.join(' '), answer_excerpt: v.answer.length > 160 ? `${v.answer.slice(0, 160)}…` : v.answer, answer: v.answer, score: marks.length, in_force: true, why: [...why], marks, source_no: v.source_no, source_title: v.source_title, effective_at: v.approval.effective_at, valid_to: v.valid_to, due_for_review: v.approval.due_for_review })
    }
    return { items: hits.sort((x, y) => y.score - x.score).slice(0, limit), took_us: 900 }
  }
  const gaps = [['外省的二级建造师怎么转注册', 14, null], ['考场能不能带智能手表', 6, '108'], ['港澳居民报名用什么证件', 3, '101']].map(([query, asked, matter], i) => ({ id: randomUUID(), query, matter, state: 'open', asked, first_at: iso(-9 * DAY), last_at: iso(-i * 5 * 3_600_000), last_by: ref(`agent${i + 1}`), note: '', article_id: null, reason: null, closed_at: null, version: 1 }))

  // --- dates ---
  const facts = { entrance: 'https://www.cpta.com.cn/', fee: '客观题每科 61 元，主观题每科 69 元', note: '', internal_note: '' }
  const rowOf = (code, name, year, fields, hidden = []) => ({ code, name, year, active: true, fields, public: Object.keys(fields).filter((key) => key !== 'internal_note' && !hidden.includes(key)), windows: [], updated_by: ref('purchaser'), updated_at: iso(-3 * DAY), version: 1 })
  const exam = (code, name, year, fields, hidden) => rowOf(code, name, year, { registration_from: null, registration_to: null, payment_to: null, print_from: null, print_to: null, exam_from: null, exam_to: null, score_at: null, review_from: null, review_to: null, certificate_from: null, ...facts, ...fields }, hidden)
  const batch = (code, name, year, fields) => rowOf(code, name, year, { apply_from: null, apply_to: null, accept_from: null, accept_to: null, supplement_to: null, evaluation_from: null, evaluation_to: null, publicity_from: null, publicity_to: null, certificate_from: null, series: '', level: '', board: '', accept_point: '', progress: '', note: '', internal_note: '', ...fields })
  const tables = {
    'exam-plans': [
      exam('2026-1j-jzs', '一级建造师资格考试', 2026, { registration_from: hour(-6, 9), registration_to: hour(4, 17), payment_to: hour(5, 17), print_from: hour(30, 9), print_to: hour(36, 12), exam_from: hour(35, 9), exam_to: hour(36, 17), score_at: midnight(95), note: '报名前请先完成学历核验。', internal_note: '缴费高峰在截止前一天，来电会翻倍；退费一律登记转考试科。' }, ['score_at']),
      exam('2026-jingji', '经济专业技术资格考试', 2026, { registration_from: midnight(-120), registration_to: midnight(-100), payment_to: midnight(-99), print_from: hour(-1, 9), print_to: hour(3, 9), exam_from: hour(2, 8), exam_to: hour(3, 18), score_at: midnight(60), review_from: midnight(60), review_to: midnight(70), certificate_from: midnight(150) }),
      exam('2026-zyys', '执业药师职业资格考试', 2026, { registration_from: midnight(-130), registration_to: midnight(-120), print_from: midnight(-50), print_to: midnight(-44), exam_from: midnight(-45), exam_to: midnight(-43), score_at: midnight(12), review_from: midnight(12), review_to: midnight(22) }),
      exam('2027-shegong', '社会工作者职业资格考试', 2027, { registration_from: midnight(110), registration_to: midnight(120), exam_from: midnight(200), exam_to: midnight(201), note: '以年度公告为准。' }),
    ],
    'title-batches': [
      batch('2026-gc-1', '工程系列建筑专业', 2026, { series: '工程技术', level: '副高级', board: '广州市建筑工程技术高级职称评审委员会', apply_from: midnight(-20), apply_to: midnight(10), accept_from: midnight(-10), accept_to: midnight(15), supplement_to: midnight(20), evaluation_from: midnight(40), evaluation_to: midnight(50), accept_point: '广州市建筑业联合会（越秀区）\n电话以公告为准', progress: '正在受理', note: '非公单位人员到受理点办理。', internal_note: '受理点上午限号，建议诉求人先电话预约。' }),
      batch('2026-jj-1', '经济系列', 2026, { series: '经济', level: '正高级', apply_from: midnight(-90), apply_to: midnight(-60), accept_from: midnight(-60), accept_to: midnight(-50), evaluation_from: midnight(-30), evaluation_to: midnight(-10), publicity_from: midnight(-2), publicity_to: midnight(4), certificate_from: midnight(40) }),
    ],
  }
  const opened = (row) => ({ code: row.code, name: row.name, year: row.year, fields: Object.fromEntries(Object.entries(row.fields).filter(([key]) => row.public.includes(key))), windows: [] })

  // --- fault trees ---
  const trees = []
  const q = (id, text, answers) => ({ id, text, answers: answers.map(([label, to]) => ({ label, to })), outcome: null, article_id: null })
  const o = (id, outcome, text, article_id = null) => ({ id, text, answers: [], outcome, article_id })
  function tree(title, matter, nodes, state, more = {}) {
    const s = { id: randomUUID(), number: `GZ${String(trees.length + 1).padStart(4, '0')}`, matter, owner_section: null, created_by: ref('lead'), created_at: iso(-9 * DAY), updated_at: iso(-trees.length * DAY), version: 2, versions: [] }
    const approval = change('fault_tree', s, 1, title, state, more)
    s.versions.push({ n: 1, created_at: iso(-9 * DAY), title, symptom: more.symptom ?? '', nodes, approval })
    trees.push(s)
    return s
  }
  const login = [
    q('n1', '能打开登录页面吗？请诉求人念出地址栏里的地址。', [['能打开', 'n2'], ['打不开，一直转圈', 'n3'], ['提示证书错误', 'n4']]),
    q('n2', '登录时提示什么？', [['用户名或密码错误', 'n5'], ['验证码不显示', 'n6'], ['账号异常', 'n7']]),
    q('n3', '换一个浏览器或网络后呢？先请诉求人用手机流量试一次。', [['可以了', 'n8'], ['还是打不开', 'n7']]),
    o('n4', 'solved', '地址不对：请从人社局官网进入报名系统，不要使用搜索到的其他网址。'),
    o('n5', 'article', '忘记用户名或密码', articles[3].id),
    o('n6', 'solved', '浏览器拦截了图片：请允许显示图片，再按 Ctrl+F5 刷新。'),
    o('n7', 'escalate', '登记故障，交技术单位：请提供报错截图、时间和浏览器版本。'),
    o('n8', 'solved', '原浏览器或网络的问题：请继续用现在能打开的方式完成报名。'),
  ]
  tree('报名系统登录不了', '114', login, 'effective', effective(12, { symptom: '诉求人说报名网站进不去、登录不了' }))
  tree('照片上传失败', '103', [q('n1', '照片是用处理工具处理过的吗？', [['是', 'n2'], ['不是', 'n3']]), o('n2', 'escalate', '处理过仍失败，升级技术单位'), o('n3', 'solved', '请下载报名页面上的照片处理工具，处理后再上传。')], 'submitted', { submitted_by: ref('lead'), submitted_at: iso(-DAY), due_at: iso(DAY), lines: [line('drafted', 'lead'), line('submitted', 'lead')] })
  const walks = []
  function keep(s, b) {
    const { nodes, title } = holding(s)
    let at = nodes[0]
    const path = b.steps.map((step) => { const answer = at.answers[step.answer]; const said = { node: at.id, text: at.text, answer: answer.label }; at = nodes.find((one) => one.id === answer.to); return said })
    const walk = { id: randomUUID(), tree_id: s.id, tree_number: s.number, n: b.n, title, path, outcome: at.outcome, outcome_text: at.text, article_id: at.article_id, note: '', call_id: b.call_id ?? null, conversation_id: b.conversation_id ?? null, ticket_id: b.ticket_id ?? null, at: iso(), by: ref(who()) }
    walks.unshift(walk)
    return walk
  }
  const treeShown = (s) => { const [h, l] = [holding(s), latest(s)]; const { versions, ...rest } = s; return { ...rest, title: l.title, state: l.approval.state, current: h?.n ?? null, latest: l.n, emergency: false } }
  const treeWhole = (s) => ({ ...treeShown(s), in_force: version1(holding(s)), working: latest(s) === holding(s) ? null : version1(latest(s)) })

  // --- reading ---
  const read = [0, 1, 2].map((i) => { const a = articles[i]; const v = holding(a); return { id: randomUUID(), article_id: a.id, n: v.n, number: a.number, title: v.title, state: ['to_read', 'to_answer', 'done'][i], assigned_at: iso(-DAY), read_due_at: iso([5 * 3_600_000, -DAY, -3 * DAY][i]), read_at: i ? iso(-DAY) : null, questions: 2, quiz_due_at: iso([DAY, 3_600_000, -2 * DAY][i]), passed_at: i === 2 ? iso(-DAY) : null, attempts: i, best_percent: [0, 50, 100][i], blocking: false } })
  const questions = [{ text: '重复缴费的，多少个工作日内原路退回？', options: ['7 个', '15 个', '30 个'], answer: 1, explanation: '见收费与退费管理通知第六条。' }, { text: '诉求人要求座席代查他人成绩，应当：', options: ['登记证件号代查', '说明不能代查并告知官方入口', '转业务科室代查'], answer: 1, explanation: '' }]
  const plans = new Map()

  return function route(method, path, query, b) {
    const [, kind, id, verb, sub] = path.split('/').map(decodeURIComponent)
    if (kind === 'articles') {
      if (id === 'search') return find(query.get('q') ?? '', query.get('matter'), +(query.get('limit') ?? 10))
      if (id === 'suggest') return find(b.text.includes('退') ? '退费' : b.text.includes('照片') ? '照片' : '登录', null, 3)
      if (!id && method === 'GET') return page(articles.map(shown).filter((a) => ['kind', 'matter', 'state'].every((f) => !query.get(f) || a[f] === query.get(f)) && (!query.get('section') || a.owner_section === query.get('section')) && (!query.get('due_for_review') || a.due_for_review) && (!query.get('q') || (a.number + a.title).includes(query.get('q')))), query)
      if (!id) { const a = article(b.kind, b.matter, b.owner_section || null, (s) => [version(s, 1, b.content, 'draft', { author: ref(who()) })]); a.created_by = ref(who()); return whole(a) }
      const a = articles.find((x) => x.id === id)
      // Those of the chats are there.
      if (!a) return undefined
      if (verb === 'versions' && path.endsWith('/reading')) { const at = `${id} ${sub}`; if (method === 'PUT') plans.set(at, b); if (articles.indexOf(a) === 0 && +sub === 2 && !plans.has(at)) plans.set(at, { audience: ['agent', 'shift_lead'], pass_percent: 80, questions }); return plans.get(at) ?? problem(404, 'not_found') }
      if (verb === 'versions') { const items = [...a.versions].reverse().map(version1); return sub ? (items.find((v) => v.n === +sub) ?? problem(404, 'not_found')) : { items } }
      if (verb === 'coverage') {
        const [states, n] = [['done', 'done', 'to_answer', 'to_read', 'done', 'to_read'], (holding(a) ?? latest(a)).n]
        const people = articles.indexOf(a) > 2 && !plans.has(`${id} ${n}`) ? [] : agents.map((x, i) => ({ ...read[0], id: randomUUID(), person: ref(x.username), state: states[i], blocking: i === 3, read_at: states[i] === 'to_read' ? null : iso(-DAY), passed_at: states[i] === 'done' ? iso(-DAY / 2) : null, attempts: i % 3, best_percent: [0, 50, 100][i % 3], read_due_at: iso((i - 3) * 3_600_000 - 60_000), quiz_due_at: iso(i * 3_600_000) }))
        return { n, must_read: people.length > 0, total: people.length, read: 4, done: 3, late: 1, done_bp: 5000, people }
      }
      if (method === 'PATCH') {
        const late = stale(b.version, a)
        if (late) return late
        const l = latest(a)
        if (['submitted', 'approved'].includes(l.approval.state)) return problem(409, 'article_under_approval')
        if (['draft', 'returned'].includes(l.approval.state)) { Object.assign(l, b.content ?? {}); l.approval.title = l.title } else a.versions.push(version(a, l.n + 1, { ...b.content }, 'draft', { author: ref(who()), lines: [line('drafted', who())] }))
        Object.assign(a, { matter: b.matter ?? a.matter, owner_section: b.owner_section ?? a.owner_section, version: a.version + 1, updated_at: iso() })
      }
      return whole(a)
    }
    if (kind === 'approvals') {
      if (!id) return page(approvals().filter((x) => (!query.get('waiting') || ['submitted', 'pending_ratification'].includes(x.state)) && (!query.get('state') || x.state === query.get('state')) && (!query.get('kind') || x.kind === query.get('kind')) && (!query.get('emergency') || x.emergency) && (!query.get('due_for_review') || x.due_for_review)).map(bare), query)
      const x = approvals().find((y) => y.id === id)
      if (!x) return problem(404, 'not_found')
      return verb ? (stale(b.version, x) ?? step(x, verb, b)) : x
    }
    if (kind === 'synonyms') {
      if (method === 'POST') groups.unshift({ id: randomUUID(), words: b.words, version: 1 })
      if (method === 'PUT') Object.assign(groups.find((g) => g.id === id), { words: b.words })
      if (method === 'DELETE') groups.splice(groups.findIndex((g) => g.id === id), 1)
      return { items: groups }
    }
    if (kind === 'knowledge-gaps') {
      if (!id && method === 'GET') return page(gaps.filter((g) => !query.get('state') || g.state === query.get('state')).sort((x, y) => y.asked - x.asked), query)
      if (!id) { let g = gaps.find((x) => x.query === b.query); if (!g) gaps.push((g = { ...gaps[0], id: randomUUID(), query: b.query, matter: null, state: 'open', asked: 0, reason: null, article_id: null })); Object.assign(g, { asked: g.asked + 1, last_at: iso(), last_by: ref(who()) }); return g }
      const g = gaps.find((x) => x.id === id)
      if (verb === 'draft') { const a = article(b.kind ?? 'script', b.matter, null, (s) => [version(s, 1, { title: g.query, question: g.query, answer: '（待起草）', source_title: '（待起草）' }, 'draft', { author: ref(who()) })]); Object.assign(g, { state: 'drafted', article_id: a.id }); return { gap: g, article: whole(a) } }
      if (verb === 'close') Object.assign(g, { state: 'closed', reason: b.reason })
      return g
    }
    if (kind === 'public' && tables[id]) return page(tables[id].filter((r) => r.active).map(opened), query)
    if (tables[kind]) {
      const rows = tables[kind]
      if (id === 'import') return { dry_run: query.get('dry_run') === 'true', rows: 3, new: ['2027-2j-jzs'], changed: ['2026-1j-jzs', '2026-jingji'], unchanged: 0, errors_total: 0, errors: [] }
      if (!id) return page(rows.filter((r) => !query.get('active') || r.active), query)
      const row = rows.find((r) => r.code === id)
      if (verb === 'history') return { items: [row, { ...row, version: 0, updated_at: iso(-9 * DAY), fields: { ...row.fields, registration_to: hour(2, 17), internal_note: '' } }] }
      if (method === 'PUT') { const next = { ...b, code: id, windows: [], version: (row?.version ?? 0) + 1, updated_at: iso(), updated_by: ref(who()) }; if (row && b.version !== row.version) return problem(409, 'stale_version', { version: row.version, state: '' }); if (row) Object.assign(row, next); else rows.push(next); return next }
    }
    if (kind === 'fault-trees') {
      if (!id && method === 'GET') return page(trees.map(treeShown).filter((s) => (!query.get('in_force') || s.current) && (!query.get('state') || s.state === query.get('state')) && (!query.get('q') || s.title.includes(query.get('q')))), query)
      if (!id) return treeWhole(tree(b.content.title, b.matter, b.content.nodes, 'draft', { author: ref(who()) }))
      const s = trees.find((x) => x.id === id)
      if (!s) return problem(404, 'not_found')
      if (verb === 'walks') return keep(s, b)
      if (verb === 'versions') return { items: [...s.versions].reverse().map(version1) }
      if (method === 'PATCH') { const l = latest(s); if (['draft', 'returned'].includes(l.approval.state)) Object.assign(l, b.content); else { const approval = change('fault_tree', s, l.n + 1, b.content.title, 'draft', { author: ref(who()) }); s.versions.push({ n: l.n + 1, created_at: iso(), ...b.content, approval }) } s.version += 1 }
      return treeWhole(s)
    }
    if (kind === 'fault-tree-walks') return page(walks.filter((w) => ['ticket', 'call', 'conversation', 'tree'].every((f) => !query.get(f) || w[`${f}_id`] === query.get(f)) && (!query.get('outcome') || (w.outcome ?? 'broken_off') === query.get('outcome'))), query)
    if (path === '/assist') return { enabled: assist }
    if (path === '/assist/suggestions') {
      const { items } = find('退费', null, 1)
      return { model: 'qwen3-8b', took_ms: 640, degraded: b.text.includes('慢') ? 'slow' : null, items: items.map((hit) => ({ citation: hit.citation, number: hit.number, title: hit.title, text: hit.answer, passage_start: 0, passage_end: 10 })) }
    }
    if (path === '/assist/summaries') return { model: 'qwen3-8b', took_ms: 900, degraded: null, summary: `诉求人说了 ${b.messages.filter((m) => m.from === 'requester').length} 句，问报名缴费后状态未更新。`, request_type: 'consult', matter: '106' }
    if (kind === 'my-reading') {
      if (!id) return { items: read, open: 2, blocking: false }
      const r = read.find((x) => x.id === id)
      if (verb === 'read') return Object.assign(r, { state: 'to_answer', read_at: iso() })
      if (verb === 'quiz') return { pass_percent: 80, questions: questions.map(({ text, options }) => ({ text, options })) }
      if (verb === 'answers') {
        const wrong = questions.filter((one, i) => b.answers[i] !== one.answer).length
        const percent = Math.floor(((questions.length - wrong) / questions.length) * 100)
        Object.assign(r, { attempts: r.attempts + 1, best_percent: Math.max(r.best_percent, percent), ...(percent < 80 ? {} : { state: 'done', passed_at: iso() }) })
        return { reading: r, percent, passed: percent >= 80, wrong, solution: percent >= 80 ? questions : null }
      }
    }
    return undefined
  }
}
