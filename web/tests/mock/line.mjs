// What the hotline offers, as the stand-in server tells it.
export function line(iso, person) {
  const state = { state: 'incident', settings: { menu: [{ key: 1, queue: 'exam', label: '人事考试' }, { key: 2, queue: 'titles', label: '职称' }], message_box: true, survey: true, survey_period_days: 30 }, incident: true, incident_reason: '报名系统无法登录', holiday: false, holiday_reason: null, holiday_until: null, version: 3, updated_at: iso() }
  const version = (number, standing, more = {}) => ({ id: `00000000-0000-7000-8000-0000000009${number}0`, name: 'greeting', number, state: standing, words: '您好，这里是人事考试服务热线，本次通话将被录音。', reason: '更换为真人录音', length_ms: 5200, bytes: 41_658, sha256: 'ab'.repeat(32), made_by: person, created_at: iso(60 * 60_000), decided_by: null, decided_at: null, opinion: null, version: 1, ...more })
  const greeting = [version(2, 'submitted'), version(1, 'returned', { decided_by: person, decided_at: iso(30 * 60_000), opinion: '语速过快，请重录' })]
  const prompts = { items: [['greeting', '您好，欢迎拨打服务热线。为了保证服务质量，本次通话将被录音。', 6100, greeting], ['queue', '座席正忙，请您稍候，我们将尽快为您接听。', 4200, []], ['incident', '您好，目前系统出现故障，我们正在处理，给您带来不便，敬请谅解。', 6300, []], ['holiday', '您好，今天是节假日，请在工作日的工作时间再来电。', 5000, []]].map(([name, words, length_ms, versions]) => ({ name, words, length_ms, source: 'shipped', versions })) }
  const set = (one) => (_, __, body) => {
    state[one] = body?.on ?? state[one]
    state.state = state.holiday ? 'holiday' : state.incident ? 'incident' : 'usual'
    return state
  }
  return { 'GET /line': () => state, 'PUT /line': () => state, 'PUT /line/incident': set('incident'), 'PUT /line/holiday': set('holiday'), 'GET /prompts': () => prompts }
}
