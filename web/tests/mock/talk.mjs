// What is done with a call that goes on, made up: a third in it, a recording that stands still, a supervisor.
export function talk({ iso, problem, live, agents, sip, setMine, mine, current, me, pop }) {
  let third = null
  let pausedAt = null
  let supervised = null
  let consulted = null
  const colleague = (one) => one && { id: one.id, name: one.name, staff_no: one.staff_no }
  const journal = []
  /** What was asked of the engine, for a walk to look at. */
  const asked = []

  function told(event, more = {}) {
    journal.push({ at: iso(), kind: event, detail: null, details: {} })
    const id = current()?.id
    live('call', { call_id: id, event, state: third && third.stage === 'asking' ? 'held' : 'talking', held: third?.stage === 'asking', recording_paused: pausedAt !== null, third: third && { colleague: third.colleague, answered: third.answered, together: third.stage === 'together' }, ...more })
  }
  const third_ = (event, more) => {
    if (!third) return problem(409, 'call_no_third')
    if (!third.answered && event !== 'consult_ended') return problem(409, 'call_third_not_ready')
    Object.assign(third, more)
    if (event === 'consult_ended') third = null
    told(event)
    return null
  }
  const watching = () => {
    live('supervision', { call_id: supervised.call, mode: supervised.mode, agent: supervised.agent })
  }
  /** A softphone has answered: the supervisor's own. */
  sip.supervisedAgain = () => {
    const before = supervised
    if (before) setTimeout(() => supervised === before && sip.invite(before.call, true, ['X-Part: supervise']), 300)
  }
  sip.supervising = () => supervised && watching()

  const verbs = {
    'POST consult': (id, b) => {
      if (third) return problem(409, 'call_third_here')
      if (b.agent === agents[3].id) return problem(409, 'agent_not_free')
      third = { colleague: b.agent ?? null, answered: false, stage: 'asking' }
      told('consulting')
      setTimeout(() => {
        if (!third) return
        third.answered = true
        told('consult_answered')
      }, 1_500)
      return null
    },
    'POST transfer': () => { sip.bye(); return null },
    'POST swap': () => third_('swapped', { stage: third?.stage === 'asking' ? 'waiting' : 'asking' }),
    'POST join': () => third_('joined', { stage: 'together' }),
    'POST end-consult': () => third_('consult_ended'),
    'POST complete': () => {
      const refused = third_('handed_over')
      if (refused) return refused
      third = null
      sip.bye()
      return null
    },
    'POST pause-recording': () => {
      if (pausedAt) return problem(409, 'call_not_recording')
      pausedAt = iso()
      told('recording_paused')
      return null
    },
    'POST resume-recording': () => {
      if (!pausedAt) return problem(409, 'call_recording_not_paused')
      pausedAt = null
      told('recording_resumed')
      return null
    },
    'POST keys': (id, b) => (/^[0-9*#A-D]{1,32}$/.test(b.keys) ? null : problem(422, 'call_bad_digits')),
    'POST help': (id) => { live('help_wanted', { call_id: id, agent: me().id }); return null },
    'GET standing': (id) => ({ agent: mine.id, muted: false, recording_paused: pausedAt !== null, third: id === current()?.id && third ? { colleague: third.colleague, answered: third.answered } : null, supervised: supervised && { supervisor: 'lead', mode: supervised.mode } }),
    'PUT supervision': (id, b) => {
      if (!b.reason?.trim()) return problem(422, 'reason_length', { field: 'reason' })
      if (supervised?.call === id) { supervised.mode = b.mode; watching(); return null }
      if (supervised) return problem(409, 'call_already_supervised')
      supervised = { call: id, mode: b.mode, agent: agents[1].id }
      setTimeout(() => sip.invite(id, false, ['X-Part: supervise', 'X-Auto-Answer: 1']), 100)
      return null
    },
    'DELETE supervision': (id) => {
      if (supervised?.call !== id) return problem(409, 'call_not_supervised')
      live('supervision', { call_id: id, mode: null, agent: supervised.agent })
      supervised = null
      sip.bye()
      return null
    },
    'POST take-over': (id) => {
      if (supervised?.call !== id) return problem(409, 'call_not_supervised')
      live('supervision', { call_id: id, mode: null, agent: supervised.agent })
      supervised = null
      live('call', { call_id: id, event: 'taken_over', state: 'talking', held: false, recording_paused: false, third: null })
      return null
    },
  }
  return {
    route(method, path, body) {
      if (method === 'GET' && path === '/consultation') return consulted
      if (method === 'GET' && path === '/consultation/pop') return consulted && pop(consulted.call_id)
      if (method === 'GET' && path === '/supervision') return supervised && { call_id: supervised.call, mode: supervised.mode, agent: colleague(agents.find((one) => one.id === supervised.agent)) }
      if (method === 'GET' && path === '/calls/receivers') {
        return {
          colleagues: agents.filter((one) => one.id !== me().id).map((one, i) => ({ ...colleague(one), state: ['ready', 'talking', 'break', 'ready', 'wrap_up'][i] ?? 'ready', free: i === 0, queues: ['exam'] })),
          queues: [{ code: 'exam', name: '人事考试', waiting: 2, ready: 1 }, { code: 'titles', name: '职称评审', waiting: 1, ready: 2 }], sections: [{ number: '02083333333', name: '财务科' }], more: false,
        }
      }
      const [, kind, id, verb] = path.split('/')
      const does = kind === 'calls' ? verbs[`${method} ${verb}`] : undefined
      if (!does) return undefined
      if (method !== 'GET') asked.push({ verb: `${method} ${verb}`, ...body })
      return does(id, body ?? {})
    },
    journal,
    stage(turn, query) {
      if (turn === 'asked') return JSON.stringify(asked)
      if (turn === 'help') live('help_wanted', { call_id: query.get('call') ?? agents[1].call, agent: agents[1].id })
      // The floor has work of its own for it, which is no call of mine.
      if (turn === 'asks-me') {
        consulted = { call_id: agents[1].call, asked_by: colleague(agents[1]), queue: null, answered: false, caller: '139****7777', requester_id: null, requester_name: '王*' }
        setMine({ state: 'ringing', work_id: '00000000-0000-4000-8000-00000000c057' })
        sip.invite(agents[1].call, false, ['X-Part: consult'])
      }
      if (turn === 'let-go') {
        sip.bye()
        consulted = null
        setMine({ state: 'ready', work_id: null })
      }
      return 'ok'
    },
    clear() {
      third = null
      pausedAt = null
      journal.length = 0
    },
  }
}
