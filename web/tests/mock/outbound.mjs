// Calls that the house places, made up: call-backs, lists of follow-ups, who does not want to be called.
import { randomUUID } from 'node:crypto'

const MIN = 60_000
const HOUR = 60 * MIN
const MOST = 3

export function outbound({ iso, page, problem, live, ref, agents, calls, requester, me }) {
  const numbers = ['139****0001', '138****2204', '136****8830', '137****5512', '020****6677', '135****9013', '']
  const placed = []
  const order = (body, number, more = {}) => {
    const row = { id: randomUUID(), call_id: calls[0].id, agent: ref(me()), number, requester_id: requester.id, purpose: body.purpose, note: body.note ?? null, queue: 'exam', caller_id: '12333', ticket_id: body.ticket_id ?? null, item_id: body.item_id ?? null, callback_id: body.callback_id ?? null, permitted: false, state: 'ended', problem: null, outcome: 'rejected', placed_at: iso(), answered_at: null, ended_at: iso(), ...more }
    placed.unshift(row)
    return row
  }
  const backs = numbers.map((number, i) => {
    const state = ['open', 'open', 'open', 'reached', 'called_in', 'unreached', 'no_number'][i]
    const at = iso((i + 1) * 9 * MIN)
    return { id: randomUUID(), number, requester_id: number ? requester.id : null, queue: 'exam', state, open: state === 'open', owner: i === 2 || !number ? null : ref(agents[i % 2]), missed: 1 + (i % 3), first_missed_at: at, last_missed_at: at, due_at: iso(i === 1 ? 4 * MIN : -(21 - i * 3) * MIN), breached: i === 1, attempts: [0, 0, 0, 1, 0, 3, 0][i], in_time: [null, false, null, true, null, true, null][i], closed_at: state === 'open' ? null : iso(MIN), closed_by: state === 'open' || !number ? null : ref(agents[1]), closing_call: i === 3 || i === 4 ? calls[i].id : null, note: i === 5 ? '三次呼叫均无人接听' : null, version: 1 }
  })
  const backOf = (row) => ({ ...row, missed_calls: Array.from({ length: row.missed }, (_, i) => ({ call_id: calls[i].id, missed_at: iso((i + 2) * 8 * MIN), outcome: 'abandoned', wait_ms: 31_000 })), calls: placed.filter((p) => p.callback_id === row.id) })
  const questions = [
    { code: 'q1', text: '反映的问题是否解决？', kind: 'choice', options: ['已解决', '部分解决', '未解决'], most: null, needed: true },
    { code: 'q2', text: '对本次办理是否满意？', kind: 'score', options: [], most: 5, needed: false },
    { code: 'q3', text: '还有什么意见和建议？', kind: 'text', options: [], most: null, needed: false },
  ]
  const lists = [['十一月投诉办结回访', true], ['职称评审咨询回访', true], ['十月建议类回访', false]].map(([name, open], i) => ({ id: randomUUID(), name, purpose: 'follow_up', script: `${randomUUID()}@2`, script_title: i ? null : 'KN-0012 办结回访话术', questions, state: open ? 'open' : 'closed', open, owners: agents.slice(0, 2 + i).map(ref), made_by: ref(agents[5]), made_at: iso((i + 1) * 20 * HOUR), closed_at: open ? null : iso(HOUR), version: 1 }))
  const people = ['王*', '李*', '陈**', '黄*', '何**', '林*', '吴*', '郑**']
  const items = Object.fromEntries(lists.map((list, l) => [list.id, Array.from({ length: l === 1 ? 0 : 46 }, (_, i) => {
    const state = i < 24 ? ['reached', 'reached', 'refused', 'unreached', 'wrong_number', 'reached'][i % 6] : 'waiting'
    return { id: randomUUID(), list_id: list.id, seq: i + 1, number: numbers[i % 6], name: people[i % 8], note: `SJ20261123-${String(i + 1).padStart(4, '0')} 缴费两次只退一次，财务科已补退`, requester_id: requester.id, ticket_id: randomUUID(), owner: ref(agents[i % 2]), state, open: state === 'waiting', attempts: state === 'waiting' ? i % 3 === 0 ? 1 : 0 : 1 + (i % 3), last_attempt_at: null, next_at: state === 'waiting' ? iso(i % 3 === 0 ? -3 * HOUR : HOUR) : null, outcome: state === 'waiting' ? null : state, answers: state === 'reached' ? { q1: questions[0].options[i % 2], q2: 3 + (i % 3) } : null, version: 1, calls: [] }
  })]))
  const listOf = (list) => {
    const all = items[list.id]
    return { ...list, items: all.length, done: all.filter((i) => !i.open).length, reached: all.filter((i) => i.state === 'reached').length }
  }
  const itemOf = (id) => Object.values(items).flat().find((i) => i.id === id)
  const entries = [['139****0001', '来电表示不再接听回访电话，请勿再打扰', true], ['136****8830', '诉求人称正在住院，十二月前不便接听', true], ['137****5512', '误登记', false]].map(([number, reason, in_force], i) => ({ id: randomUUID(), number, requester_id: requester.id, reason, entered_by: ref(agents[i]), entered_at: iso((i + 1) * 26 * HOUR), until: i === 1 ? iso(-5 * 24 * HOUR) : null, state: in_force ? 'in_force' : 'lifted', in_force, lifted_by: in_force ? null : ref(agents[5]), lifted_at: in_force ? null : iso(HOUR), lifted_for: in_force ? null : '号码登记错误', version: 1, permits: i ? [] : [{ id: randomUUID(), agent: ref(agents[0]), ticket_id: randomUUID(), reason: '须告知补正期限', given_by: ref(agents[5]), given_at: iso(2 * HOUR), until: iso(-20 * HOUR), used_at: null }] }))
  const refusals = ['outbound_outside_hours', 'outbound_number_not_allowed', 'outbound_do_not_call', 'outbound_agent_cap', 'outbound_link_missing', 'outbound_number_cap'].map((code, i) => ({ id: randomUUID(), at: iso(i * 11 * MIN), agent: ref(agents[i % 4]), code, purpose: ['case_work', 'other', 'follow_up'][i % 3], number: numbers[i] }))
  for (let i = 0; i < 9; i++) order({ purpose: ['callback', 'follow_up', 'case_work'][i % 3], ticket_id: i % 3 === 2 ? randomUUID() : null, item_id: i % 3 === 1 ? randomUUID() : null, callback_id: i % 3 === 0 ? backs[3].id : null }, numbers[i % 6], { placed_at: iso(i * 13 * MIN), agent: ref(agents[i % 4]), outcome: i % 2 ? 'answered' : 'rejected', permitted: i === 2 })
  const count = (rows, key) => [...new Set(rows.map((row) => row[key]))].map((code) => ({ code, count: rows.filter((row) => row[key] === code).length }))
  const fits = (rows, q) => rows.filter((row) => ['state', 'open', 'in_time', 'in_force', 'purpose', 'code'].every((key) => !q.get(key) || String(row[key]) === q.get(key)))

  return (method, path, q, b) => {
    const [, kind, id, verb] = path.split('/')
    if (method === 'POST' && path === '/calls') {
      const item = b.item_id && itemOf(b.item_id)
      if (item) {
        if (item.state === 'calling') return problem(409, 'follow_up_result_owed')
        Object.assign(item, { state: 'calling', attempts: item.attempts + 1, next_at: null, last_attempt_at: iso() })
        item.calls.push({ n: item.attempts, agent: ref(me()), at: iso(), call_id: calls[0].id, talked: true, outcome: null, note: null })
      }
      const back = backs.find((row) => row.id === b.callback_id)
      if (back) Object.assign(back, { attempts: back.attempts + 1, in_time: !back.breached })
      live('follow_up', { item_id: b.item_id })
      return { status: 201, body: order(b, (item ?? back)?.number ?? numbers[0]) }
    }
    if (kind === 'outbound-calls') return page(fits(placed, q), q)
    if (kind === 'outbound-refusals') return page(fits(refusals, q), q)
    if (kind === 'outbound-figures') return { placed: count(placed, 'purpose'), refused: count(refusals, 'code'), most_per_agent: 200, most_per_number: 3, most_in_all: 2000, call_from: '08:30', call_to: '20:00', on_days_off: false, follow_up_attempts: MOST, callback_attempts: MOST, purposes: ['follow_up', 'callback', 'case_work', 'other'].map((code) => ({ code, name: code, link: 'ticket', note: false, active: true })) }
    if (kind === 'callback-figures') return { due: 12, in_time: 11, rate_bp: 9166, formula: '时限内首次回拨 ÷ 应回拨', reached: 9, called_in: 2, unreached: 1, no_number: 1, open: 3, overdue: 1 }
    if (kind === 'callbacks') {
      const row = backs.find((one) => one.id === id)
      if (!id) return page(fits(backs, q).filter((one) => q.get('mine') !== 'true' || one.owner?.id === me().id), q)
      if (!row) return problem(404, 'not_found')
      if (verb === 'assign') Object.assign(row, { owner: ref(agents.find((a) => a.id === b.owner_id)), version: row.version + 1 })
      else if (verb) Object.assign(row, { state: verb === 'settle' ? 'reached' : 'unreached', open: false, note: b.reason, closed_at: iso(), closed_by: ref(me()), version: row.version + 1 })
      return backOf(row)
    }
    if (kind === 'do-not-call') {
      const row = entries.find((one) => one.id === id)
      if (!id && method === 'GET') return page(fits(entries, q), q)
      if (!id) { const made = { ...entries[0], id: randomUUID(), number: '138****7777', reason: b.reason, until: b.until ?? null, entered_at: iso(), permits: [] }; entries.unshift(made); return { status: 201, body: made } }
      if (verb === 'lift') Object.assign(row, { state: 'lifted', in_force: false, lifted_by: ref(me()), lifted_at: iso(), lifted_for: b.reason })
      if (verb === 'permits') row.permits.unshift({ id: randomUUID(), agent: ref(agents[0]), ticket_id: b.ticket_id, reason: b.reason, given_by: ref(me()), given_at: iso(), until: iso(-24 * HOUR), used_at: null })
      return row
    }
    if (kind === 'follow-up-items') {
      const row = itemOf(id)
      if (!row) return problem(404, 'not_found')
      if (verb === 'result') {
        const again = ['busy', 'no_answer'].includes(b.outcome)
        const state = !again ? b.outcome : row.attempts < MOST ? 'waiting' : 'unreached'
        Object.assign(row, { state, open: state === 'waiting', outcome: b.outcome, answers: b.outcome === 'reached' ? b.answers : null, next_at: state === 'waiting' ? iso(-4 * HOUR) : null, version: row.version + 1 })
        Object.assign(row.calls.at(-1) ?? {}, { outcome: b.outcome, note: b.note ?? null })
      }
      return row
    }
    if (kind === 'follow-up-lists') {
      if (!id && method === 'GET') return page(fits(lists, q).map(listOf), q)
      if (!id) { const made = { ...lists[0], ...b, id: randomUUID(), script: null, script_title: null, owners: agents.filter((a) => b.owners.includes(a.id)).map(ref), open: true, state: 'open', made_at: iso() }; lists.unshift(made); items[made.id] = []; return { status: 201, body: listOf(made) } }
      const list = lists.find((one) => one.id === id)
      if (!list) return problem(404, 'not_found')
      if (verb === 'items' && method === 'GET') return page(fits(items[id], q), q)
      if (verb === 'next') return { item: items[id].find((i) => i.state === 'calling') ?? items[id].find((i) => i.state === 'waiting' && Date.parse(i.next_at) <= Date.now() && i.owner?.id === me().id) ?? null }
      if (verb === 'chart') {
        const reached = items[id].filter((i) => i.answers)
        const bars = (names, code) => names.map((name) => ({ name: String(name), count: reached.filter((i) => String(i.answers[code]) === String(name)).length }))
        const states = ['waiting', 'calling', 'reached', 'refused', 'wrong_number', 'unreached'].map((name) => ({ name, count: items[id].filter((i) => i.state === name).length }))
        return { states, attempts: items[id].reduce((all, i) => all + i.attempts, 0), questions: questions.map((question) => ({ question, answered: question.kind === 'text' ? 0 : reached.length, bars: question.kind === 'choice' ? bars(question.options, 'q1') : question.kind === 'score' ? bars([1, 2, 3, 4, 5], 'q2') : [], average_hundredths: question.kind === 'score' ? 412 : null })) }
      }
      if (['items', 'import', 'from-tickets'].includes(verb)) {
        const rows = b?.items ?? Array.from({ length: 3 }, () => ({ number: '13900000001' }))
        if (q.get('dry_run') === 'false') items[id].push(...rows.map((row, i) => ({ id: randomUUID(), list_id: id, seq: items[id].length + i + 1, number: numbers[i % 6], name: row.name ? `${row.name[0]}*` : null, note: row.note ?? null, requester_id: null, ticket_id: null, owner: ref(agents[0]), state: 'waiting', open: true, attempts: 0, last_attempt_at: null, next_at: iso(HOUR), outcome: null, answers: null, version: 1, calls: [] })))
        return { dry_run: q.get('dry_run') !== 'false', added: rows.length, refused: 2, faults: [{ row: 3, code: 'number_known', number: '139****0001' }, { row: 5, code: 'do_not_call', number: '136****8830' }] }
      }
      if (verb === 'close') Object.assign(list, { open: false, state: 'closed', closed_at: iso() })
      if (method === 'PUT') Object.assign(list, { name: b.name ?? list.name })
      return listOf(list)
    }
    return undefined
  }
}
