import { describe, expect, it, vi } from 'vitest'
import type { AnswerReceipt, GivenAnswer, QuestionContent } from '@/api/learning'
import { Problem } from '@/api/problem'
import { Away } from '@/features/learning/away'
import { Countdown, pressing } from '@/features/learning/countdown'
import { type Doors, isBlank, Keeper } from '@/features/learning/keeper'
import { blankRules, questionsOf, short, totalOf } from '@/features/learning/papers'
import { askedOf, asKind, blankContent, cleaned, dropOption, faultOf, turnRight } from '@/features/learning/questions'
import { Composition, difference, isTyped, TypingTrail } from '@/features/learning/typing-trail'
import { byStaffNo, cpm, examTimed, hours, passPoints, rightShown, solutionWord } from '@/features/learning/words'
import { pageOf } from '@/features/notices/subject'

const chosen = (...at: number[]): GivenAnswer => ({ chosen: at, truth: null, texts: [] })
const wrote = (text: string): GivenAnswer => ({ chosen: [], truth: null, texts: [text] })
const settle = async () => {
  for (let i = 0; i < 20; i++) await Promise.resolve()
}

function shelf() {
  const kept = new Map<string, string>()
  return { kept, getItem: (key: string) => kept.get(key) ?? null, setItem: (key: string, value: string) => void kept.set(key, value), removeItem: (key: string) => void kept.delete(key) }
}

/** A server with a net that can be cut, and a clock that is moved by hand. */
function desk(over: Partial<Doors> = {}) {
  const server = new Map<number, { seq: number; answer: GivenAnswer }>()
  const state = { net: true, time: 1_000, over: 0, elsewhere: 0 }
  const timers: { at: number; work: () => void }[] = []
  const store = shelf()
  const doors: Doors = {
    save: async (no, seq, answer) => {
      if (!state.net) throw Problem.unreachable()
      const before = server.get(no)
      const taken = !before || seq > before.seq
      if (taken) server.set(no, { seq, answer })
      return { seq: server.get(no)!.seq, taken, saved_at: '', deadline_at: null, now: '' } as AnswerReceipt
    },
    now: () => state.time,
    changed: () => {},
    clock: () => {},
    elsewhere: () => (state.elsewhere += 1),
    over: () => (state.over += 1),
    shelf: store,
    wait: (work, ms) => timers.push({ at: state.time + ms, work }),
    ...over,
  }
  /** Runs what is due until `ms` later. */
  async function pass(ms: number): Promise<void> {
    const end = state.time + ms
    for (;;) {
      const next = timers.filter((one) => one.at <= end).sort((a, b) => a.at - b.at)[0]
      if (!next) break
      timers.splice(timers.indexOf(next), 1)
      state.time = Math.max(state.time, next.at)
      next.work()
      await settle()
    }
    state.time = end
  }
  return { server, state, doors, pass, store }
}
const blank = [1, 2, 3].map((no) => ({ no, answer: null, seq: 0 }))

describe('the keeper of answers', () => {
  it('saves each answer by itself, and what is written after a pause', async () => {
    const { server, doors, pass } = desk()
    const keeper = new Keeper('a', doors)
    keeper.open(blank)
    keeper.give(1, chosen(2))
    await pass(0)
    expect(server.get(1)!.answer).toEqual(chosen(2))
    expect(keeper.entries.get(1)!.kept).toBe('saved')
    keeper.give(2, wrote('核'), 'pause')
    await pass(300)
    keeper.give(2, wrote('核对'), 'pause')
    expect(server.has(2)).toBe(false)
    await pass(700)
    expect(server.get(2)!.answer).toEqual(wrote('核对'))
    expect([keeper.answered, keeper.unsaved]).toEqual([2, 0])
  })
  it('loses nothing without the net, and sends it again', async () => {
    const { server, state, doors, pass } = desk()
    const keeper = new Keeper('a', doors)
    keeper.open(blank)
    state.net = false
    keeper.give(1, chosen(0))
    keeper.give(2, chosen(1))
    await pass(100)
    keeper.give(1, chosen(3))
    await pass(5_000)
    expect([server.size, keeper.unsaved, keeper.cut]).toEqual([0, 2, true])
    state.net = true
    await pass(20_000)
    expect(server.get(1)!.answer).toEqual(chosen(3))
    expect(server.get(2)!.answer).toEqual(chosen(1))
    expect([keeper.unsaved, keeper.cut]).toEqual([0, false])
  })
  it('goes on after a browser that was killed: what did not reach the server is on the machine', async () => {
    const { server, state, doors, pass, store } = desk()
    const keeper = new Keeper('a', doors)
    keeper.open(blank)
    state.net = false
    keeper.give(3, wrote('先安抚'))
    await pass(100)
    expect(store.kept.size).toBe(1)
    state.net = true
    const next = new Keeper('a', doors)
    next.open(blank)
    expect(next.entries.get(3)!.answer).toEqual(wrote('先安抚'))
    await pass(50)
    expect(server.get(3)!.answer).toEqual(wrote('先安抚'))
    expect(store.kept.size).toBe(0)
  })
  it('never puts what this machine kept in the place of what was answered later elsewhere', async () => {
    const { server, state, doors, pass } = desk()
    const keeper = new Keeper('a', doors)
    keeper.open(blank)
    state.net = false
    keeper.give(1, chosen(0))
    await pass(10)
    server.set(1, { seq: state.time + 60_000, answer: chosen(2) })
    state.net = true
    await pass(2_000)
    expect(server.get(1)!.answer).toEqual(chosen(2))
    expect(state.elsewhere).toBe(1)
    const next = new Keeper('a', doors)
    next.open([{ no: 1, answer: chosen(2), seq: server.get(1)!.seq }])
    expect(next.entries.get(1)).toEqual({ answer: chosen(2), seq: server.get(1)!.seq, kept: 'saved' })
  })
  it('numbers a newer answer above the one that stands, whatever the clock says', async () => {
    const { server, doors, pass } = desk()
    const keeper = new Keeper('a', doors)
    keeper.open([{ no: 1, answer: chosen(0), seq: 999_999 }])
    keeper.give(1, chosen(1))
    await pass(0)
    expect(server.get(1)!.seq).toBe(1_000_000)
  })
  it('keeps what stands here over a paper that was read before it was saved', async () => {
    const { doors, pass } = desk()
    const keeper = new Keeper('a', doors)
    keeper.open(blank)
    keeper.give(1, wrote('先安抚'))
    await pass(0)
    keeper.open(blank)
    expect(keeper.entries.get(1)).toMatchObject({ answer: wrote('先安抚'), kept: 'saved' })
  })
  it('sends what was changed while an answer was on its way', async () => {
    let answer: () => void = () => {}
    const sent: GivenAnswer[] = []
    const { doors, pass } = desk({
      save: (_, seq, given) => new Promise((resolve) => {
        sent.push(given)
        answer = () => resolve({ seq, taken: true, saved_at: '', deadline_at: null, now: '' } as AnswerReceipt)
      }),
    })
    const keeper = new Keeper('a', doors)
    keeper.open(blank)
    keeper.give(1, chosen(0))
    await pass(0)
    keeper.give(1, chosen(1))
    await pass(0)
    expect(sent).toEqual([chosen(0)])
    answer()
    await settle()
    await pass(0)
    expect(sent).toEqual([chosen(0), chosen(1)])
    answer()
    await settle()
    expect(keeper.entries.get(1)!.kept).toBe('saved')
  })
  it('tells when the time is over, and does not try what the server does not take', async () => {
    const { state, doors, pass } = desk({ save: async () => Promise.reject(new Problem(409, { code: 'exam_time_over' })) })
    const late = new Keeper('a', doors)
    late.open(blank)
    late.give(1, chosen(0))
    await pass(0)
    expect(state.over).toBe(1)
    const save = vi.fn(async () => Promise.reject(new Problem(422, { code: 'answer_invalid' })))
    const other = desk({ save })
    const keeper = new Keeper('b', other.doors)
    keeper.open(blank)
    keeper.give(1, chosen(9))
    await other.pass(60_000)
    expect([save.mock.calls.length, keeper.refused]).toEqual([1, [1]])
  })
  it('takes an answer back as one that is blank', () => {
    expect(isBlank(chosen())).toBe(true)
    expect(isBlank(wrote('  '))).toBe(true)
    expect(isBlank({ chosen: [], truth: false, texts: [] })).toBe(false)
  })
})

describe('the clock of an exam', () => {
  it('counts on from what the server said, and is set anew by each answer', () => {
    let ticks = 0
    const clock = new Countdown(() => ticks)
    expect(clock.left()).toBeNull()
    clock.set(60)
    ticks = 20_000
    expect(clock.left()).toBe(40)
    clock.between('2026-11-26T09:00:00Z', '2026-11-26T09:00:30Z')
    ticks = 25_000
    expect(clock.left()).toBe(25)
    // Whole seconds that agree change nothing; those that do not, do.
    clock.about(24)
    expect(clock.left()).toBe(25)
    clock.about(10)
    expect(clock.left()).toBe(10.5)
    ticks = 90_000
    expect(clock.left()).toBe(0)
  })
  it('grows loud toward its end', () => {
    expect([null, 301, 300, 61, 60, 0].map(pressing)).toEqual(['', '', 'soon', 'soon', 'last', 'last'])
  })
})

describe('leaving the page', () => {
  it('is counted by how long it took, a glance of less than a second is not', () => {
    let now = 1_000
    const away = new Away('a', shelf(), () => now)
    expect(away.back()).toBeNull()
    away.go()
    away.go()
    now += 12_400
    expect(away.back()).toBe(12)
    away.go()
    now += 500
    expect(away.back()).toBeNull()
  })
  it('is counted over a reload as well', () => {
    const store = shelf()
    new Away('a', store, () => 1_000).go()
    expect(new Away('a', store, () => 31_000).back()).toBe(30)
    expect(new Away('a', store, () => 41_000).back()).toBeNull()
  })
})

/** What the server adds up (crates/learning/src/typing.rs): of each message no more may be new than its events brought. */
function plausible(trail: TypingTrail): boolean {
  const told: boolean[] = []
  for (let message = trail.next(); message; message = trail.next()) {
    told.push(difference(trail.base, message.typed).added <= message.events.reduce((sum, event) => sum + event.added, 0))
    trail.taken(message.seq)
  }
  return told.every(Boolean)
}

describe('what is typed', () => {
  it('is the committed text: an input method composes in three browsers', () => {
    const said: string[] = []
    const field = new Composition((value) => said.push(value))
    // Chromium: the last input comes before the end of the composition.
    field.start()
    field.input('zhun', true)
    field.input('准考证', true)
    field.end('准考证')
    // Firefox says another input after it, Safari one that is no composition.
    field.start()
    field.input('准考证d', true)
    field.end('准考证打')
    field.input('准考证打', false)
    field.input('准考证打，', false)
    expect(said).toEqual(['准考证', '准考证打', '准考证打', '准考证打，'])
  })
  it('becomes events by characters, also of rare ones', () => {
    expect(difference('准考', '准考证')).toEqual({ added: 1, removed: 0 })
    expect(difference('准考正', '准考证')).toEqual({ added: 1, removed: 1 })
    expect(difference('𠮷', '𠮷田')).toEqual({ added: 1, removed: 0 })
    const trail = new TypingTrail('', 0)
    trail.change('准考证', 1_200)
    trail.change('准考证', 1_250)
    trail.change('准考', 1_900.4)
    expect(trail.next()).toEqual({ seq: 1, typed: '准考', events: [{ at_ms: 1_200, added: 3, removed: 0, pasted: false }, { at_ms: 1_900, added: 0, removed: 1, pasted: false }] })
    expect(trail.next()).toBeNull()
  })
  it('at two places goes in two messages, so that the server finds each made by its events', () => {
    const trail = new TypingTrail('请登录系统打印准考正', 4)
    trail.change('请您登录系统打印准考正', 100)
    trail.change('请您登录系统打印准考', 200)
    trail.change('请您登录系统打印准考证', 300)
    trail.change('请您登录系统打印准考证。', 400)
    expect(plausible(trail)).toBe(true)
    expect(trail.base).toBe('请您登录系统打印准考证。')
  })
  it('whatever is typed where, every message is made by its events', () => {
    let seed = 7
    const dice = (n: number) => (seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648) % n
    for (let round = 0; round < 200; round++) {
      const trail = new TypingTrail('', 0)
      let text = ''
      for (let step = 0; step < 30; step++) {
        const at = dice(text.length + 1)
        text = dice(3) ? `${text.slice(0, at)}${'打字考证'.slice(0, 1 + dice(4))}${text.slice(at)}` : `${text.slice(0, at)}${text.slice(at + 1 + dice(2))}`
        trail.change(text, step * 100)
      }
      expect(plausible(trail)).toBe(true)
      expect(trail.base).toBe(text)
    }
  })
  it('is sent again when it was lost, under its number, before what came after', () => {
    const trail = new TypingTrail('', 0)
    trail.change('准', 100)
    expect(trail.next()!.seq).toBe(1)
    trail.change('准考', 200)
    trail.lost()
    expect(trail.next()).toMatchObject({ seq: 1, typed: '准' })
    trail.taken(1)
    expect(trail.next()).toMatchObject({ seq: 2, typed: '准考' })
    trail.taken(2)
    expect(trail.waits).toBe(false)
  })
  it('falls back to what the server has when it was refused', () => {
    const trail = new TypingTrail('准', 3)
    trail.change('准考证打印时间', 100)
    trail.next()
    trail.change('准考证打印时间是', 200)
    trail.refused('准', 3)
    expect([trail.typed, trail.waits]).toEqual(['准', false])
    trail.change('准考', 300)
    expect(trail.next()).toMatchObject({ seq: 4, typed: '准考' })
  })
  it('tells that something was to be pasted, and nothing of it', () => {
    const trail = new TypingTrail('准', 3)
    expect(trail.attempted(50)).toEqual({ seq: 4, typed: '准', events: [{ at_ms: 50, added: 0, removed: 0, pasted: true }] })
    expect(['insertText', 'insertCompositionText', 'deleteContentBackward', 'insertLineBreak'].every(isTyped)).toBe(true)
    expect(['insertFromPaste', 'insertFromDrop', 'insertReplacementText'].some(isTyped)).toBe(false)
  })
})

describe('a question', () => {
  const content = (more: Partial<QuestionContent>): QuestionContent => ({ ...blankContent('single'), text: '题', ...more })
  it('is asked only when nothing is missing', () => {
    expect(faultOf('single', blankContent('single'))).toBe('text')
    expect(faultOf('single', content({ options: ['甲', ' '] }))).toBe('options')
    expect(faultOf('single', content({ options: ['甲', '甲 '], right: [0] }))).toBe('twice')
    expect(faultOf('single', content({ options: ['甲', '乙'] }))).toBe('right_one')
    expect(faultOf('multiple', content({ options: ['甲', '乙', '丙'], right: [1] }))).toBe('right_many')
    expect(faultOf('single', content({ options: ['甲', '乙'], right: [1] }))).toBeNull()
    expect(faultOf('true_false', content({}))).toBe('truth')
    expect(faultOf('true_false', content({ truth: false }))).toBeNull()
    expect(faultOf('fill', content({ blanks: [['准考证', ' '], [' ']] }))).toBe('blanks')
    expect(faultOf('fill', content({ blanks: [['准考证']] }))).toBeNull()
    expect(faultOf('short', content({}))).toBe('model')
    expect(faultOf('call_simulation', content({ model_answer: '先安抚' }))).toBe('recording')
  })
  it('keeps what is right when an option falls away or its kind changes', () => {
    const one = content({ options: ['甲', '乙', '丙'], right: [0, 2] })
    expect(dropOption(one, 1).right).toEqual([0, 1])
    expect(dropOption(one, 0).right).toEqual([1])
    expect(turnRight(one, 'multiple', 1)).toEqual([0, 1, 2])
    expect(turnRight(one, 'single', 1)).toEqual([1])
    expect(asKind(one, 'single').right).toEqual([0])
    expect(asKind(one, 'true_false')).toMatchObject({ text: '题', options: [], right: [], truth: null })
    expect(cleaned(content({ blanks: [[' 24 ', '']] })).blanks).toEqual([['24']])
    expect(askedOf(one)).toEqual({ text: '题', options: ['甲', '乙', '丙'], blanks: 0, recording: false })
  })
  it('shows what is right in the order in which it was asked', () => {
    const one = content({ options: ['甲', '乙', '丙', '丁'], right: [0, 2] })
    expect(rightShown(['丁', '丙', '甲', '乙'], one)).toEqual([1, 2])
    expect(solutionWord('multiple', ['丁', '丙', '甲', '乙'], one)).toBe('B、C')
    expect(solutionWord('true_false', [], content({ truth: false }))).toBe('错误')
    expect(solutionWord('fill', [], content({ blanks: [['准考证'], ['24', '二十四']] }))).toBe('准考证；24 / 二十四')
  })
})

describe('a paper', () => {
  it('counts its questions and points, and says which parts the bank cannot fill', () => {
    const rules = { ...blankRules(), parts: [{ kind: 'single' as const, matter: null, difficulty: null, many: 10, points: 6 }, { kind: 'short' as const, matter: '1', difficulty: 'hard' as const, many: 2, points: 20 }] }
    expect([questionsOf(rules), totalOf(rules), passPoints(totalOf(rules), 80)]).toEqual([12, 100, 80])
    expect(short(rules, [24, 1])).toEqual([1])
    expect(passPoints(55, 80)).toBe(44)
  })
})

describe('figures of learning', () => {
  it('are cut, never rounded up', () => {
    expect([4_966, 5_000, 5_267, null].map(cpm)).toEqual(['49.66', '50', '52.67', '—'])
    expect([180, 135, 50].map(hours)).toEqual(['3', '2.25', '0.83'])
  })
  it('stand by staff number, who has none last', () => {
    const people = [null, '810', '80', '801'].map((staff_no) => ({ staff_no }))
    expect([...people, null].sort(byStaffNo).map((one) => one?.staff_no ?? null)).toEqual(['80', '801', '810', null, null])
  })
  it('press by what ends next', () => {
    const one = { state: 'assigned' as const, opens_at: 'a', closes_at: 'b', deadline_at: null }
    expect(examTimed(one)).toMatchObject({ open: true, due_at: 'b' })
    expect(examTimed({ ...one, state: 'in_progress', deadline_at: 'c' })).toMatchObject({ open: true, due_at: 'c' })
    expect(examTimed({ ...one, state: 'passed' }).open).toBe(false)
  })
  it('are led to by their notices', () => {
    const router = { hasRoute: () => true }
    expect(pageOf({ subject_kind: 'exam_attempt', subject_id: 'x' }, router)).toEqual({ name: 'my_exam', params: { id: 'x' } })
    expect(pageOf({ subject_kind: 'certificate', subject_id: 'x' }, router)).toEqual({ name: 'my_learning' })
    expect(pageOf({ subject_kind: 'training_session', subject_id: 'x' }, router)).toEqual({ name: 'my_learning' })
  })
})
