// A stand-in for the server, for looking at pages before the real one exists. Development only.
import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { channels } from './channels.mjs'
import { connectModel, knowledge, rightsOf } from './knowledge.mjs'
import { line } from './line.mjs'
import { outbound } from './outbound.mjs'
import { talk } from './talk.mjs'

const now = () => Date.now()
const iso = (msAgo = 0) => new Date(now() - msAgo).toISOString()
const MIN = 60_000
const everything = ['line:view', 'line:set', 'prompts:approve', 'prompts:withdraw', 'conversations:view', 'conversations:answer', 'conversations:supervise', 'contacts:note', 'channels:view', 'channels:edit', 'softphone:use', 'calls:view', 'calls:control', 'calls:supervise', 'emergencies:raise', 'instructions:write', 'recordings:listen', 'telephony:view', 'demo:call', 'floor:view', 'floor:force', 'wallboard:view', 'tickets:view', 'tickets:handle', 'tickets:dispatch', 'contact_records:view', 'contact_records:write', 'floor:work', 'matters:view', 'queues:view', 'queues:edit', 'callbacks:view', 'callbacks:close', 'calls:place', 'outbound:view', 'do_not_call:view', 'do_not_call:enter', 'do_not_call:decide', 'follow_ups:view', 'follow_ups:manage', 'outbound_rules:set', 'parameters:confirm', 'requesters:view', 'requesters:edit', 'requesters:reveal', 'users:view', 'users:create', 'users:change', 'users:manage', 'users:authorize', 'sessions:end', 'devices:view', 'devices:manage', 'calendar:manage', 'audit:view', 'parameters:view', 'parameters:edit', 'sections:view', 'requesters:merge', 'requester_blocks:view', 'requester_blocks:ask', 'requester_blocks:decide']
const agentRights = { 'conversations:view': 'own', 'conversations:answer': 'own', 'channels:view': 'all', 'contacts:note': 'all', 'softphone:use': 'own', 'calls:view': 'own', 'calls:control': 'own', 'emergencies:raise': 'all', 'instructions:write': 'own', 'recordings:listen': 'own', 'demo:call': 'own', 'tickets:view': 'own', 'tickets:handle': 'own', 'contact_records:view': 'own', 'contact_records:write': 'own', 'floor:work': 'own', 'matters:view': 'all', 'queues:view': 'all', 'callbacks:view': 'all', 'calls:place': 'own', 'outbound:view': 'own', 'do_not_call:view': 'all', 'do_not_call:enter': 'all', 'follow_ups:view': 'own', 'requesters:view': 'all', 'requesters:edit': 'all', 'requesters:reveal': 'all', 'wallboard:view': 'all', 'sections:view': 'all', 'requesters:merge': 'all', 'requester_blocks:view': 'all', 'requester_blocks:ask': 'all' }
const leadRights = Object.fromEntries(everything.filter((p) => !/^(floor:work|softphone|calls:place|channels:edit|users|audit|parameters|devices|calendar)/.test(p)).map((p) => [p, 'all']))
leadRights['users:view'] = 'all'
const adminRights = Object.fromEntries(everything.filter((p) => !/^(softphone|conversations|contacts:note|calls|recordings|demo|tickets|contact|requesters|floor|queues:edit|callbacks)/.test(p)).map((p) => [p, 'all']))

const people = [['agent1', '林晓雨', '8001'], ['agent2', '陈嘉明', '8002'], ['agent3', '黄思敏', '8003'], ['agent4', '何志强', '8004'], ['agent5', '吴佩珊', '8005'], ['agent6', '梁文博', '8006']]
const agents = people.map(([username, name, staff_no], i) => ({ id: `00000000-0000-7000-8000-00000000000${i + 1}`, username, name, staff_no }))
const ref = (a) => ({ id: a.id, name: a.name, staff_no: a.staff_no })
const states = ['signed_out', 'talking', 'wrap_up', 'ready', 'held', 'break']
const mine = { id: agents[0].id, name: agents[0].name, staff_no: '8001', next_state: null, wrap_up_max_extensions: 2, chats: 0, queues: ['exam', 'titles'], state: 'signed_out', since: iso(), reason: null, work_id: null, wrap_up_ends_at: null, wrap_up_extensions: 0, device: { reachable: false, kind: null } }

const matters = { items: [
  ['1', '人事考试', ['报名条件', '注册与账号', '照片', '填报与告知承诺', '资格核验', '缴费与退费', '准考证', '考场规则', '成绩查询与复核', '证书领取', '免考与成绩滚动', '违纪违规', '公务员招考咨询', '系统故障'], ['bmtj', 'zcyzh', 'zp', 'tbygzcn', 'zghy', 'jfytf', 'zkz', 'kcgz', 'cjcxyfh', 'zslq', 'mkycjgd', 'wjwg', 'gwyzkzx', 'xtgz']],
  ['2', '职称', ['评审认定', '系列与层级', '申报条件', '申报渠道与受理点', '系统操作', '材料与证明', '继续教育'], ['psrd', 'xlycj', 'sbtj', 'sbqdysld', 'xtcz', 'clyzm', 'jxjy']],
  ['3', '共性', ['投诉建议', '表扬', '政策信息公开', '12345 转办', '其他'], ['tsjy', 'by', 'zcxxgk', 'zb', 'qt']],
].map(([code, name, leaves, cuts]) => ({ code, name, shortcut: '', children: leaves.map((n, i) => ({ code: `${code}${String(i + 1).padStart(2, '0')}`, name: n, shortcut: cuts[i], children: [] })) })) }
const matterName = (code) => matters.items.flatMap((b) => b.children).find((m) => m.code === code)?.name ?? null

const phones = ['139****0001', '138****2204', '136****8830', '137****5512', '020****6677', '']
const outcomes = ['answered', 'answered', 'answered', 'abandoned', 'short_abandoned', 'answered', 'no_agent_answer', 'after_hours', 'answered', 'interrupted']
const calls = Array.from({ length: 75 }, (_, i) => {
  const outcome = outcomes[i % outcomes.length]
  const answered = outcome === 'answered' || outcome === 'interrupted'
  const at = (i + 1) * 17 * MIN
  return { id: randomUUID(), direction: 'inbound', caller: phones[i % 6], queue: i % 3 ? 'exam' : 'titles', agent: answered ? ref(agents[i % 6]) : null, offered_at: iso(at), answered_at: answered ? iso(at - 9_000) : null, ended_at: iso(at - 200_000), wait_s: 5 + (i * 7) % 40, talk_s: answered ? 60 + (i * 37) % 400 : null, outcome, has_recording: answered, hotline: '12333', held_s: i % 4 ? 0 : 22, ended_by: 'requester', state: 'ended' }
})
const requester = { id: randomUUID(), name: '王*', phone: '139****0001', phone_kind: 'mobile', region: '广东广州', identity: 'unverified', contacts: 4, first_contact_at: iso(40 * 24 * 60 * MIN), last_contact_at: iso(), version: 1 }
Object.assign(requester, { person_id: requester.id, proven_by: null, proven_at: null, channel: null, nickname: null })
const writer = { ...requester, id: randomUUID(), name: null, phone: null, phone_kind: 'none', channel: 'wechat_oa', nickname: '小王', contacts: 2 }
const account = { id: randomUUID(), channel: 'wechat_oa', external_id: 'oX***7Q', nickname: '小王', first_seen_at: iso(9 * 60 * MIN), last_seen_at: iso(50 * MIN) }
const claim = { id: randomUUID(), kind: 'phone', value: '139****0001', claimed_at: iso(9 * 60 * MIN) }
const blocks = [{ id: randomUUID(), requester: writer, channels: [], reason: '反复辱骂座席', evidence: '11 月 23 日官网会话三次', from: iso(60 * MIN), until: iso(-7 * 24 * 60 * MIN), state: 'requested', open: true, in_force: false, asked_by: ref(agents[0]), asked_at: iso(60 * MIN), decided_by: null, decided_at: null, decision: null, lifted_by: null, lifted_at: null, lifted_for: null, version: 1 }]
const person = () => ({
  ...requester, blocks: blocks.filter((b) => b.open),
  members: [{ requester, merged_into: null, identities: [], claims: [] }, { requester: writer, merged_into: requester.id, identities: [account], claims: [claim] }],
})
const summaries = ['一级建造师报名，单位换了，问工作年限能否连续计算，已请业务科室核对文件后电话答复', '照片上传失败，已登记浏览器版本，待技术单位反馈', '职称申报系统登录不了，已重置，等诉求人确认']
// A ticket of each state of the life; `draft` to `replied` are open.
const ticketStates = ['draft', 'pending_sign', 'in_handling', 'suspended', 'pending_review', 'replied', 'closed', 'returned', 'rejected', 'merged', 'void', 'archived']
const isOpen = (state) => ticketStates.indexOf(state) < 6
const tickets = Array.from({ length: 24 }, (_, i) => {
  const state = ticketStates[(i + 2) % 12]
  const answered = ['pending_review', 'replied', 'closed', 'archived'].includes(state)
  return { id: randomUUID(), number: `SJ20261123-${String(i + 1).padStart(4, '0')}`, state, open: isOpen(state), request_type: ['consult', 'help', 'complaint', 'fault'][i % 4], matter: '106', matter_name: '缴费与退费', section: 'exams', priority: ['normal', 'normal', 'urgent'][i % 3], title: '', summary: summaries[i % 3], incident_address: i % 4 ? null : '天河区天河路 13 号考点', resolution: answered ? '已电话答复诉求人，诉求人认可。' : null, satisfaction: null, confidential: false, platform: null, incident_id: null, requester: { id: requester.id, name: '王*', phone: phones[i % 5] }, first_owner_id: agents[i % 6].id, first_owner: ref(agents[i % 6]), current_owner_id: agents[i % 6].id, owner: ref(agents[i % 6]), transfer_to: null, source_call_id: calls[i].id, opened_at: iso((i + 1) * 50 * MIN), due_at: state === 'draft' ? null : iso((i - 6) * 300 * MIN), breached: i > 6, updated_at: iso(i * 30 * MIN), closed_at: isOpen(state) ? null : iso(5 * MIN), version: 3 }
})
const offered = { pending_sign: ['sign', 'ask_return'], in_handling: ['reply', 'close', 'offer_transfer', 'suspend', 'ask_extension'], suspended: ['resume'], pending_review: [], replied: ['revisit'], closed: ['archive'] }
const after = { sign: 'in_handling', reply: 'replied', close: 'closed', suspend: 'suspended', resume: 'in_handling', revisit: 'closed', archive: 'archived' }
const detail = (t) => ({ ...t, form: {}, actions: (offered[t.state] ?? []).map((action) => ({ desk: 'handle', action })), asked: null, attempts: 0, complained_agent: null, paused_at: t.state === 'suspended' ? iso(60 * MIN) : null, reopenings: 0, sign_due_at: null, sign_off: t.request_type === 'complaint', supervised_until: null, transfer_until: null, urged: 0 })
const record = (call, state, i = 0) => ({ call_id: call.id, medium: 'voice', direction: 'inbound', queue: 'exam', agent: call.agent ?? ref(agents[0]), requester_id: requester.id, requester_name: '王*', caller: call.caller, at: call.offered_at, answered_at: call.answered_at, ended_at: call.ended_at, outcome: call.outcome, wrap_up_ms: null, state, request_type: null, matter: null, matter_name: null, result: null, summary: i ? summaries[i % 3] : '', ticket_id: null, articles: [], ticket: { id: tickets[10].id, number: tickets[10].number, state: tickets[10].state }, owed_since: state === 'owed' ? iso(20 * MIN) : null, late: false, completed_at: null, completed_by: null, version: 1 })
const records = new Map(calls.slice(1, 4).map((c, i) => [c.id, record(c, 'owed', i + 1)]))
let current = null
for (const [i, agent] of agents.entries()) agent.call = calls[i].id

const users = [...agents.map((a) => ({ ...a, side: 'supplier', roles: ['agent'], department: '热线组' })), { id: randomUUID(), username: 'lead', name: '周慧', staff_no: '8100', side: 'supplier', roles: ['shift_lead'], department: '热线组' }, { id: randomUUID(), username: 'sysadmin', name: '系统管理员', staff_no: null, side: 'supplier', roles: ['sys_admin'], department: '' }, { id: randomUUID(), username: 'purchaser', name: '许科', staff_no: null, side: 'purchaser', roles: ['purchaser_admin'], department: '考试科' }]
  .map((u, i) => ({ disabled: i === 5, locked_until: i === 3 ? iso(-20 * MIN) : null, must_change_password: i === 8, totp: i === 6, signed_in: i < 3, last_sign_in_at: i === 8 ? null : iso(i * 100 * MIN), version: 1, created_at: iso(90 * 24 * 60 * MIN), ...u }))
const roleCodes = ['agent', 'shift_lead', 'ops_manager', 'quality', 'trainer', 'analyst', 'hr_compliance', 'liaison', 'counterpart', 'purchaser_admin', 'purchaser_business', 'purchaser_reviewer', 'sys_admin', 'sec_admin', 'audit_admin']
const roles = roleCodes.map((role, i) => ({ role, name: role, side: i < 8 ? 'supplier' : i < 12 ? 'purchaser' : 'either', administrator: i > 11, permissions: role === 'agent' ? agentRights : role === 'shift_lead' ? leadRights : i > 11 ? adminRights : { 'calls:view': 'all', 'tickets:view': 'all' } }))

const notice = JSON.parse(readFileSync(process.env.NOTICE ?? '/work/main/crates/calendar/data/calendar_2026.json', 'utf8'))
function year(y) {
  const days = []
  for (let d = Date.UTC(y, 0, 1); d < Date.UTC(y + 1, 0, 1); d += 86_400_000) {
    const date = new Date(d).toISOString().slice(0, 10)
    const weekend = [0, 6].includes(new Date(d).getUTCDay())
    let [kind, name] = [weekend ? 'rest' : 'workday', '']
    if (y === 2026) {
      if (notice.off_days[date]) [kind, name] = [notice.statutory_holidays_300pct.includes(date) ? 'statutory' : 'rest', notice.off_days[date]]
      if (notice.makeup_workdays.includes(date)) [kind, name] = ['makeup', '']
    }
    days.push({ date, kind, name })
  }
  const months = Array.from({ length: 12 }, (_, m) => days.filter((d) => +d.date.slice(5, 7) === m + 1 && ['workday', 'makeup'].includes(d.kind)).length)
  return { year: y, published: y === 2026, source: y === 2026 ? notice.source : '', version: y === 2026 ? 1 : 0, next_year_missing: y === 2026, workdays_by_month: months, workdays: months.reduce((a, b) => a + b, 0), days }
}

const streams = new Set()
let seq = 0
function live(kind, data) {
  seq += 1
  for (const res of streams) res.write(`id: ${seq}\nevent: ${kind}\ndata: ${JSON.stringify(data)}\n\n`)
}
function setMine(part) {
  Object.assign(mine, { since: iso() }, part)
  live('agent_state', { ...mine })
}

let who = null
function session() {
  const agent = agents.find((a) => a.username === who)
  const user = users.find((u) => u.username === who) ?? users[0]
  return { user: { id: user.id, username: who, name: user.name, staff_no: user.staff_no, department: user.department, side: user.side, roles: user.roles, permissions: { ...(agent ? agentRights : who === 'lead' ? leadRights : who === 'purchaser' ? {} : adminRights), ...rightsOf(who) }, totp: false }, must_change_password: who === 'purchaser' && Boolean(process.env.FIRST_SIGN_IN), idle_timeout_s: 1200 }
}
const page = (items, q) => {
  const per = +(q.get('per_page') ?? 50)
  const from = +(q.get('cursor') ?? 0)
  return { items: items.slice(from, from + per), next: from + per < items.length ? String(from + per) : null, total: items.length, total_capped: false }
}
const problem = (status, code, extra = {}) => ({ status, body: { type: `/problems/${code}`, title: code, status, code, detail: code, ...extra } })

function beginRing() {
  const call = { ...calls[0], id: randomUUID(), agent: ref(agents[0]), offered_at: iso(), answered_at: null, ended_at: null, outcome: null, talk_s: null, wait_s: null }
  calls.unshift(call)
  current = call
  records.set(call.id, record(call, 'draft'))
  setMine({ state: 'ringing', work_id: call.id })
  sip.invite(call.id)
}

const routes = {
  'GET /config-public': () => ({ demo: true, hotline: '12333', name: '广州市人事考试与职称服务热线', version: '0.1.0', demo_password: 'Shoujie-demo-1', demo_sign_ins: [['agent1', 'agent'], ['agent2', 'agent'], ['lead', 'shift_lead'], ['sysadmin', 'sys_admin'], ['auditor', 'audit_admin'], ['purchaser', 'purchaser_admin']].map(([username, role]) => ({ username, role })) }),
  'GET /session': () => (who ? session() : problem(401, 'not_signed_in')),
  'POST /session': (q, b) => { if (b.password !== 'Shoujie-demo-1') return problem(401, 'sign_in_failed'); if (b.username === 'auditor' && !b.totp) return problem(401, 'totp_required'); who = b.username; return session() },
  'DELETE /session': () => { who = null; return null },
  'PUT /session/password': () => problem(422, 'password_used_before', { field: 'new' }),
  'POST /session/totp': () => ({ secret: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP', uri: 'otpauth://totp/Shoujie:agent1?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Shoujie' }),
  'GET /agent-state': () => mine,
  'PUT /agent-state': (q, b) => { if (mine.work_id) mine.next_state = b.state; else setMine({ state: b.state, next_state: null }); return mine },
  'POST /agent-state/wrap-up/end': () => { current = null; setMine({ state: 'ready', work_id: null, wrap_up_ends_at: null }); return mine },
  'POST /agent-state/wrap-up/extend': () => { mine.wrap_up_ends_at = new Date(Date.parse(mine.wrap_up_ends_at) + 30_000).toISOString(); setMine({ wrap_up_extensions: 1 }); return mine },
  'GET /floor': () => ({ queues: [{ code: 'exam', name: '人事考试', waiting: 2, longest_wait_s: 37, waiting_since: iso(37_000), chats_waiting: 0 }, { code: 'titles', name: '职称评审', waiting: 1, longest_wait_s: 12, waiting_since: iso(12_000), chats_waiting: 0 }], agents: agents.map((a, i) => ({ ...ref(a), state: i ? states[i] : mine.state, since: i ? iso(i * 77_000) : mine.since, next_state: i === 1 ? 'break' : null, wrap_up_max_extensions: 2, reason: i === 5 ? 'no_answer' : null, work_id: i === 1 || i === 4 ? a.call : null, queues: i % 2 ? ['exam'] : ['exam', 'titles'], device: { reachable: i !== 5, kind: 'softphone' } })), waiting: [{ work_id: randomUUID(), queue: 'exam', since: iso(37_000), caller: '138****2204', rings_at: agents[3].id }, { work_id: randomUUID(), queue: 'titles', since: iso(12_000), caller: '136****8830' }, { work_id: randomUUID(), queue: 'exam', since: iso(3_000), caller: null }] }),
  'GET /queues': () => ({ items: [['exam', '人事考试'], ['titles', '职称评审']].map(([code, name]) => ({ code, name, version: 1, priority: 0, skills: [], ring_timeout_s: 20, wrap_up_s: 30, max_extensions: 2, service_level_s: 15, short_abandon_s: 5, preferred_wait_s: 20, max_wait_s: 600, no_answer: 'break' })) }),
  'GET /wallboard': () => ({ waiting_since: iso(37_000), waiting: 3, longest_wait_s: 37, answered_in_15_bp: 9130, on_post: 5, expected: 6, callbacks_due: 2, calls_today: 128, answered_today: 121, in_time_today: 117, abandoned_today: 6, short_abandoned_today: 2, lost_today: 1, as_of: iso() }),
  'GET /calls': (q) => page(calls.filter((c) => (!q.get('outcome') || c.outcome === q.get('outcome')) && (!q.get('q') || (c.caller ?? '').includes(q.get('q')))), q),
  ...line(iso, ref(agents[0])),
  'GET /telephony': () => ({ sip_listen: '127.0.0.1:5060', hotline_numbers: ['12333'], trunks: 1, calls: 2, rtp_ports: 8, softphones: 1, malformed: 0, too_many: 0, registrations: [{ username: 'agent1', kind: 'browser', source: '127.0.0.1:51022', user_agent: 'Shoujie console', since: iso(9 * MIN), expires_at: iso(-MIN) }, { username: 'agent4', kind: 'desk_phone', source: '192.168.1.34:5060', user_agent: 'baresip v1.0.0', since: iso(9 * MIN), expires_at: iso(-MIN) }] }),
  'POST /demo/calls': () => { setTimeout(beginRing, 500); return { call_id: null } },
  'GET /matters': () => matters,
  'GET /tickets': (q) => page(tickets.filter((t) => (!q.get('state') || t.state === q.get('state')) && (!q.get('open') || String(t.open) === q.get('open')) && (!q.get('q') || t.summary.includes(q.get('q')) || t.number.includes(q.get('q')))), q),
  'GET /contact-records': (q) => page(q.get('owed') ? [...records.values()].filter((r) => r.state === 'owed') : [...records.values()].slice(0, 2), q),
  'GET /requester-blocks': (q) => page(blocks.filter((b) => (!q.get('open') || b.open) && (!q.get('state') || b.state === q.get('state'))), q),
  'GET /requesters': (q) => page([{ ...requester, members: 2 }, ...Array.from({ length: 8 }, (_, i) => ({ ...requester, members: 1, id: randomUUID(), name: i % 2 ? null : '李*', phone: phones[i % 6], region: 'unknown', contacts: i + 1, last_contact_at: iso(i * 300 * MIN) }))], q),
  'GET /users': (q) => page(users.filter((u) => !q.get('q') || u.name.includes(q.get('q')) || u.username.includes(q.get('q'))), q),
  'POST /users': (q, b) => (b.username === 'lead' ? problem(422, 'username_taken', { field: 'username' }) : { ...users[0], ...b, id: users[0].id, initial_password: 'qmtz-4kfe-9wna' }),
  'GET /ticket-forms': () => ({ items: [] }),
  'GET /sections': () => ({ items: [{ code: 'exams', name: '考试科' }, { code: 'titles', name: '职称科' }] }),
  'GET /emergency-categories': () => ({ items: [['exam_site', '考点事件'], ['system', '系统故障'], ['crowd', '群体诉求']].map(([code, name]) => ({ code, name })) }),
  'GET /notices': (q) => page([], q),
  'GET /notices/count': () => ({ unread: 0, urgent: 0 }),
  'GET /roles': () => roles,
  'GET /devices': (q) => page(agents.map((a) => ({ id: a.id, user_id: a.id, kind: 'desk_phone', username: a.username, realm: 'shoujie', label: 'A 区 3 号', secret_changed_at: iso(9 * 24 * 60 * MIN) })), q),
  'GET /service-hours': () => ({ periods: [{ from: '08:30', to: '12:00' }, { from: '13:30', to: '18:00' }], late_receipt_is_next_day: true, version: 1, open: false, closes_at: null, next_opening: iso(-9 * 60 * MIN) }),
  'POST /calendars/import': (q, b) => ({ year: b.year ?? 2027, dry_run: true, off_days: 33, makeup_workdays: 6, statutory_holidays: 13, workdays: 248, changed_days: 21, errors: [] }),
  'GET /audit': (q) => page(Array.from({ length: 120 }, (_, i) => ({ id: randomUUID(), seq: i < 2 ? null : 4000 - i, at: iso(i * 4 * MIN), who_id: randomUUID(), who_name: ['lead', 'agent1', 'system:organization', 'sysadmin'][i % 4], hash: null, action: ['call.listened', 'requester.revealed', 'calendar.changed', 'user.roles_changed', 'session.opened'][i % 5], subject_kind: 'call', subject_id: randomUUID(), details: { before: ['agent'], after: ['agent', 'shift_lead'], reason: '回拨核实' } })), q),
  'GET /audit/state': () => ({ head: { seq: 3998, hash: createHash('sha256').update('x').digest('hex') }, unsealed: 2, tail_whole: true, broken: null, last_check: { at: iso(6 * 60 * MIN), sealed: 3700, broken_seq: null, finding: 'whole' } }),
  'GET /parameters': (q) => page([['wage.minimum.guangzhou_fen', '250000', '2025-03-01', '粤府函〔2025〕 关于调整我省最低工资标准的通知'], ['floor.wrap_up_s', '30', '2026-01-01', '合同附件二'], ['order12345.reply_workdays.consult', '5', '2026-01-01', '广州市 12345 工单办理规范']].map(([key, value, from, source], i) => ({ id: String(i), key, value, unit: ['fen', 's', 'workdays'][i], effective_from: `${from}T00:00:00+08:00`, effective_to: null, source_doc_no: source, source_url: '', note: '', recorded_at: iso(), confirmed_by: null, confirmed_at: i ? iso(400 * MIN) : null })), q),
}

const chat = channels({ iso, problem, page, live, ref, agents, requester, tickets, records, record, calls, matterName, me: () => agents.find((a) => a.username === who) ?? agents[0] })
const out = outbound({ iso, page, problem, live, ref, agents, calls, requester, me: () => agents.find((a) => a.username === who) ?? agents[0], pop: () => ({ requester, calls: [], tickets: tickets.slice(0, 1), contact_record: { ...record(calls[0], 'draft'), request_type: 'consult', summary: summaries[0] } }) })
const known = knowledge({ agents, users, matterName, page, problem, live, who: () => who })

function route(method, path, query, body) {
  const spoken = talks.route(method, path, body)
  if (spoken !== undefined) return spoken
  const written = known(method, path, query, body) ?? out(method, path, query, body) ?? chat.route(method, path, query, body)
  if (written !== undefined) return written
  const fixed = routes[`${method} ${path}`]
  if (fixed) return fixed(query, body)
  const [, kind, id, verb] = path.split('/')
  const call = calls.find((c) => c.id === id)
  if (kind === 'calls') {
    if (verb === 'pop' && !call) return problem(404, 'not_found')
    if (verb === 'pop') return { requester, calls: calls.slice(1, 6).map((c, i) => ({ ...c, medium: 'voice', state: 'complete', request_type: 'consult', matter: '106', matter_name: matterName('106'), result: 'answered', summary: summaries[i % 3] })), tickets: tickets.slice(0, 2), contact_record: records.get(id) ?? record(call, 'owed') }
    if (verb === 'waveform') return { duration_ms: 187_000, lanes: [0, 1].map((lane) => Array.from({ length: 900 }, (_, i) => (Math.floor(i / 40) % 2 === lane ? 40 + Math.floor(Math.abs(Math.sin(i * 1.7)) * 160 * Math.abs(Math.sin(i / 9))) : Math.floor(Math.random() * 6)))) }
    if (verb === 'events' && id === current?.id) return { items: talks.journal }
    if (verb === 'events') return { items: [['arrived', 0], ['greeted', 1], ['queued', 8], ['ringing', 9], ['answered', 14], ['held', 60], ['resumed', 82], ['ended', 187]].map(([k, s]) => ({ at: iso(300_000 - s * 1000), kind: k, detail: k === 'ringing' ? '8001 林晓雨' : null })) }
    if (verb === 'legs') return { items: ['requester', 'agent'].map((side, n) => ({ side, web: n === 1, codec: 'PCMA', began_at: iso(300_000), lasted_ms: 187_000, received: 9_200, lost: n ? 0 : 120, loss_percent: n ? 0 : 1.29, jitter_ms: 1.8, most_jitter_ms: n ? 4 : 38, gap_ms: n ? 40 : 820, mos: n ? 4.4 : 3.5, rating: n ? 'good' : 'poor', stretches: Array.from({ length: 19 }, (_, i) => ({ at_s: i * 10, received: 480, loss_percent: n || i < 12 ? 0 : 4, jitter_ms: n || i < 12 ? 1.5 : 30 })) })) }
    if (verb === 'ladder') {
      const said = [['requester', true, 'INVITE', null, 0], ['requester', false, null, 100, 4], ['requester', false, null, 200, 30], ['requester', true, 'ACK', null, 34], ['agent', false, 'INVITE', null, 9_000], ['agent', true, null, 180, 9_040], ['agent', true, null, 200, 14_000], ['agent', false, 'ACK', null, 14_004], ['agent', true, 'BYE', null, 187_000], ['agent', false, null, 200, 187_003], ['requester', false, 'BYE', null, 187_010], ['requester', true, null, 200, 187_040]]
      const revealed = path.endsWith('/reveal')
      return { dropped: 0, masked: !revealed, items: said.map(([leg, incoming, verbSaid, status, after_ms]) => { const far = leg === 'agent' ? '192.168.1.34:5060' : '198.51.100.7:5060'; const cseq = `1 ${verbSaid === 'BYE' || after_ms > 180_000 ? 'BYE' : 'INVITE'}`; return { at: iso(300_000 - after_ms), after_ms, from: incoming ? far : '192.0.2.2:5060', to: incoming ? '192.0.2.2:5060' : far, incoming, leg, transport: 'UDP', method: verbSaid, status, cseq, dialog: leg, text: `${verbSaid ? `${verbSaid} sip:12333@192.0.2.2 SIP/2.0` : `SIP/2.0 ${status} OK`}\r\nFrom: <sip:${revealed ? '13900000001' : '139****0001'}@${far}>;tag=1\r\nCSeq: ${cseq}\r\n` } }) }
    }
    if (verb === 'recording') return { call_id: id, made_at: iso(), queue: 'hotline', bytes: 2_992_058, sha256: 'c0ffee'.repeat(10) + 'abcd', place: 'archive', archived_at: iso(), condition: 'good', checked_at: iso(), holds_open: 0, rule: '*/*', keep_until: '2029-11-23T02:00:00Z', holds: [], removal: null }
    if (verb === 'hold' || verb === 'unhold') { setMine({ state: verb === 'hold' ? 'held' : 'talking' }); return null }
    if (verb === 'hang-up') { sip.bye(); return null }
    if (verb) return null
    return call ?? problem(404, 'not_found')
  }
  if (kind === 'contact-records') {
    const found = records.get(id)
    if (!found) return problem(404, 'not_found')
    if (method === 'GET') return { ...found, documents: [] }
    Object.assign(found, body, { version: found.version + 1, matter_name: matterName(body.matter) })
    if (verb === 'complete') found.state = 'complete'
    return found
  }
  if (kind === 'tickets') {
    const found = tickets.find((t) => t.id === id)
    if (!found) return problem(404, 'not_found')
    if (verb === 'history') return page([{ id: '1', version: 3, at: iso(30 * MIN), who_id: null, who: 'agent1', action: 'edited', field: 'matter', before: '104', after: '106', note: null }, { id: '2', version: 2, at: iso(40 * MIN), who_id: null, who: 'agent1', action: 'opened', field: 'state', before: 'draft', after: 'in_handling', note: null }, { id: '3', version: 1, at: iso(50 * MIN), who_id: null, who: 'system:tickets', action: 'drafted', field: null, before: null, after: null, note: null }], query)
    if (verb === 'receivers') return { items: agents.map((a, i) => ({ ...ref(a), state: i ? states[i] : mine.state, away: null })) }
    if (verb === 'notes') return page([], query)
    if (verb === 'files' || verb === 'clock') return { items: [] }
    if (verb === 'links') return { links: [], watchers: [], watching: false }
    if (method === 'PATCH') Object.assign(found, body, { version: found.version + 1 })
    if (['handle', 'dispatch', 'sign-off'].includes(verb)) {
      const state = body.action === 'reply' && found.request_type === 'complaint' ? 'pending_review' : after[body.action] ?? found.state
      Object.assign(found, { state, open: isOpen(state), resolution: body.answer ?? body.resolution ?? found.resolution, closed_at: isOpen(state) ? null : iso(), version: found.version + 1 })
    }
    return detail(found)
  }
  if (kind === 'requesters') {
    if (verb === 'reveal') return { value: '13900000001' }
    if (verb === 'links') return page([{ id: '1', at: iso(60 * MIN), by: ref(agents[0]), what: 'merged', from: writer, into: requester, proof: null, reason: '电话中核对了姓名和报名序号' }], query)
    if (verb === 'suggestions') return { items: [{ requester: { ...writer, id: randomUUID(), person_id: randomUUID() }, reasons: ['claimed_number'] }] }
    return person()
  }
  if (kind === 'requester-blocks') {
    const found = blocks.find((b) => b.id === id)
    if (!found) return problem(404, 'not_found')
    if (method === 'POST') Object.assign(found, { state: { approve: 'approved', decline: 'declined', lift: 'lifted' }[verb], version: found.version + 1 })
    return Object.assign(found, { open: ['requested', 'approved'].includes(found.state), in_force: found.state === 'approved' })
  }
  if (kind === 'calendars') return year(+id)
  if (kind === 'users') return verb === 'reset-password' ? { initial_password: 'abcd-efgh-ijkl' } : (users.find((u) => u.id === id) ?? problem(404, 'not_found'))
  return problem(404, 'not_found')
}

// --- a softphone's counterpart: answers REGISTER, sends INVITEs that lead nowhere ---
const sip = {
  sockets: new Set(), dialog: null,
  send(text) { for (const s of this.sockets) s.write(frame(text)) },
  invite(callId, reattach = false, more = []) {
    const d = { part: more.join(), callId: randomUUID(), tag: randomBytes(4).toString('hex'), branch: `z9hG4bK${randomBytes(6).toString('hex')}`, work: callId, contact: this.contact }
    this.dialog = d
    const sdp = ['v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=-', 't=0 0', 'a=ice-lite', 'm=audio 20000 UDP/TLS/RTP/SAVPF 8 101', 'c=IN IP4 127.0.0.1', 'a=mid:0', 'a=rtcp-mux', 'a=sendrecv', 'a=setup:actpass', `a=fingerprint:sha-256 ${Array(32).fill('AB').join(':')}`, 'a=ice-ufrag:abcd', 'a=ice-pwd:abcdefghijklmnopqrstuvwx', 'a=candidate:1 1 udp 2130706431 127.0.0.1 20000 typ host', 'a=rtpmap:8 PCMA/8000', 'a=rtpmap:101 telephone-event/8000', ''].join('\r\n')
    this.send([`INVITE ${d.contact ?? 'sip:agent1@shoujie.invalid'} SIP/2.0`, `Via: SIP/2.0/WS 127.0.0.1;branch=${d.branch}`, 'Max-Forwards: 70', `From: <sip:12333@shoujie.invalid>;tag=${d.tag}`, 'To: <sip:agent1@shoujie.invalid>', `Call-ID: ${d.callId}`, 'CSeq: 1 INVITE', 'Contact: <sip:server@127.0.0.1;transport=ws>', `X-Call-Id: ${callId}`, ...(reattach ? ['X-Reattach: 1'] : []), ...more, 'Content-Type: application/sdp', `Content-Length: ${sdp.length}`, '', sdp].join('\r\n'))
  },
  bye() {
    const d = this.dialog
    if (!d?.toTag) return
    this.send([`BYE ${d.contact ?? 'sip:agent1@shoujie.invalid'} SIP/2.0`, `Via: SIP/2.0/WS 127.0.0.1;branch=z9hG4bK${randomBytes(6).toString('hex')}`, 'Max-Forwards: 70', `From: <sip:12333@shoujie.invalid>;tag=${d.tag}`, `To: <sip:agent1@shoujie.invalid>;tag=${d.toTag}`, `Call-ID: ${d.callId}`, 'CSeq: 2 BYE', 'Content-Length: 0', '', ''].join('\r\n'))
    this.over()
  },
  over() {
    const aside = this.dialog?.part
    this.dialog = null
    talks.clear()
    if (!aside) setMine({ state: 'wrap_up', wrap_up_ends_at: new Date(now() + 30_000).toISOString() })
  },
  heard(text) {
    const head = (name) => new RegExp(`^${name}:\\s*(.*)$`, 'im').exec(text)?.[1].trim()
    const via = text.match(/^Via:.*$/gim)?.join('\r\n')
    const answer = (code, phrase, more = []) => this.send([`SIP/2.0 ${code} ${phrase}`, via, `From: ${head('From')}`, `To: ${head('To')}${/tag=/.test(head('To')) ? '' : `;tag=${randomBytes(4).toString('hex')}`}`, `Call-ID: ${head('Call-ID')}`, `CSeq: ${head('CSeq')}`, ...more, 'Content-Length: 0', '', ''].join('\r\n'))
    if (text.startsWith('REGISTER')) {
      this.contact = /<(.*?)>/.exec(head('Contact') ?? '')?.[1]
      answer(200, 'OK', [`Contact: ${head('Contact')}`, 'Expires: 120'])
      mine.device = { reachable: true, kind: 'softphone' }
      live('agent_state', { ...mine })
      if (current && ['talking', 'held'].includes(mine.state)) setTimeout(() => this.invite(current.id, true), 300)
      else this.supervisedAgain()
    } else if (/^SIP\/2.0 200/.test(text) && /INVITE/.test(head('CSeq'))) {
      const d = this.dialog
      d.toTag = /tag=([^;\s]+)/.exec(head('To'))?.[1]
      this.send([`ACK ${d.contact} SIP/2.0`, `Via: SIP/2.0/WS 127.0.0.1;branch=z9hG4bK${randomBytes(6).toString('hex')}`, 'Max-Forwards: 70', `From: <sip:12333@shoujie.invalid>;tag=${d.tag}`, `To: <sip:agent1@shoujie.invalid>;tag=${d.toTag}`, `Call-ID: ${d.callId}`, 'CSeq: 1 ACK', 'Content-Length: 0', '', ''].join('\r\n'))
      if (/supervise/.test(d.part)) this.supervising()
      else if (mine.state === 'ringing') setMine({ state: 'talking' })
    } else if (/^SIP\/2.0 (4|6)/.test(text) && /INVITE/.test(head('CSeq'))) {
      const aside = this.dialog?.part
      this.dialog = null
      if (aside) return
      current = null
      setMine({ state: 'ready', work_id: null })
    } else if (text.startsWith('BYE')) { answer(200, 'OK'); this.over() } else if (/^(OPTIONS|INFO|UPDATE)/.test(text)) answer(200, 'OK')
  },
}
const talks = talk({ iso, problem, live, agents, sip, setMine, mine, current: () => current, me: () => agents.find((a) => a.username === who) ?? agents[0], pop: () => ({ requester, calls: [], tickets: tickets.slice(0, 1), contact_record: { ...record(calls[0], 'draft'), request_type: 'consult', summary: summaries[0] } }) })
function frame(text) {
  const body = Buffer.from(text)
  const head = body.length < 126 ? Buffer.from([0x81, body.length]) : Buffer.from([0x81, 126, body.length >> 8, body.length & 255])
  return Buffer.concat([head, body])
}

const server = createServer((req, res) => {
  const url = new URL(req.url, 'http://x')
  const path = url.pathname.replace('/api/v1', '')
  if (path === '/events') {
    res.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
    res.write(': hello\n\n')
    streams.add(res)
    const beat = setInterval(() => res.write(': beat\n\n'), 15_000)
    req.on('close', () => { clearInterval(beat); streams.delete(res) })
    return
  }
  if (/\/recording$/.test(path)) {
    const rate = 8000, seconds = 187, data = Buffer.alloc(rate * seconds * 2)
    for (let i = 0; i < rate * seconds; i++) data.writeInt16LE(Math.sin(i / 12) * 3000, i * 2)
    const head = Buffer.alloc(44)
    head.write('RIFF', 0); head.writeUInt32LE(36 + data.length, 4); head.write('WAVEfmt ', 8); head.writeUInt32LE(16, 16); head.writeUInt16LE(1, 20); head.writeUInt16LE(1, 22); head.writeUInt32LE(rate, 24); head.writeUInt32LE(rate * 2, 28); head.writeUInt16LE(2, 32); head.writeUInt16LE(16, 34); head.write('data', 36); head.writeUInt32LE(data.length, 40)
    res.writeHead(200, { 'content-type': 'audio/wav', 'content-length': 44 + data.length, 'accept-ranges': 'bytes' })
    return res.end(Buffer.concat([head, data]))
  }
  if (path.startsWith('/conversation-files/')) {
    const bytes = chat.fileOf(path.split('/')[2])
    res.writeHead(200, { 'content-type': bytes[0] === 0x89 ? 'image/png' : 'application/pdf' })
    return res.end(bytes)
  }
  let text = ''
  const multipart = /multipart/.test(req.headers['content-type'] ?? '')
  req.on('data', (chunk) => (text += chunk))
  req.on('end', () => {
    if (path === '/mock/sign-in') who = url.searchParams.get('who')
    if (path === '/mock/ring') beginRing()
    // The line comes back, as after a lost connection.
    if (path === '/mock/reattach' && current) sip.invite(current.id, true)
    if (path === '/mock/set') setMine(JSON.parse(text))
    if (path === '/mock/assist') connectModel()
    if (path === '/mock/cut') for (const stream of streams) stream.end()
    if (path.startsWith('/mock/talk-')) return res.end(String(talks.stage(path.slice(11), url.searchParams)))
    if (path.startsWith('/mock/chat-')) return res.end(String(chat.stage(path.slice(11), url.searchParams) ?? ''))
    if (path.startsWith('/mock/')) return res.end('ok')
    if (!who && !['/session', '/config-public'].includes(path) && !path.startsWith('/public/')) { const p = problem(401, 'not_signed_in'); res.writeHead(401, { 'content-type': 'application/problem+json' }); return res.end(JSON.stringify(p.body)) }
    const found = route(req.method, path, url.searchParams, multipart ? { name: /filename="(.*?)"/.exec(text)?.[1], type: /content-type: (\S+)/i.exec(text)?.[1], bytes: text.length } : text ? JSON.parse(text) : undefined)
    const status = found?.body && found.status ? found.status : found === null ? 204 : 200
    setTimeout(() => {
      res.writeHead(status, { 'content-type': 'application/json' })
      res.end(status === 204 ? undefined : JSON.stringify(found?.body && found.status ? found.body : found))
    }, +(process.env.DELAY ?? 20))
  })
})
server.on('upgrade', (req, socket) => {
  const accept = createHash('sha1').update(`${req.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
  socket.write(['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade', `Sec-WebSocket-Accept: ${accept}`, 'Sec-WebSocket-Protocol: sip', '', ''].join('\r\n'))
  sip.sockets.add(socket)
  let rest = Buffer.alloc(0)
  socket.on('data', (chunk) => {
    rest = Buffer.concat([rest, chunk])
    while (rest.length >= 6) {
      let length = rest[1] & 127, at = 2
      if (length === 126) { length = rest.readUInt16BE(2); at = 4 }
      if (rest.length < at + 4 + length) return
      const mask = rest.subarray(at, at + 4)
      const body = Buffer.from(rest.subarray(at + 4, at + 4 + length).map((b, i) => b ^ mask[i % 4]))
      if ((rest[0] & 15) === 1) sip.heard(body.toString())
      rest = rest.subarray(at + 4 + length)
    }
  })
  socket.on('close', () => sip.sockets.delete(socket))
  socket.on('error', () => sip.sockets.delete(socket))
})
server.listen(+(process.env.PORT ?? 4010), '127.0.0.1', () => console.log('mock on', server.address().port))
