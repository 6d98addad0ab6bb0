import { describe, expect, it } from 'vitest'
import { choices, type Receiver } from '@/softphone/receivers'
import { idle, next, type PhoneEvent, type PhoneState } from '@/softphone/state'
import { actionsAt, fitting, TALK_KEYS, talkKey, widthOf } from '@/softphone/talk-actions'
import { heard, learned, PAUSE_MS, pauseLeft, quiet, stageOf, type TalkState } from '@/softphone/talk-state'
import { invitationOf } from '@/softphone/ua'
// @ts-expect-error a plain script without types
import { messages } from '../../scripts/check-i18n.mjs'

const third = { colleague: 'c', answered: true, together: false }
const may = { instruct: true, emergency: true }

describe('what goes on in a call', () => {
  it('is told with every event', () => {
    const calling = heard(quiet, { call_id: 'a', event: 'consulting', held: true, third: { ...third, answered: false } }, 0)
    expect(stageOf(calling)).toBe('calling')
    const asking = heard(calling, { call_id: 'a', event: 'consult_answered', held: true, third }, 0)
    expect(stageOf(asking)).toBe('asking')
    expect(stageOf(heard(asking, { call_id: 'a', event: 'swapped', held: false, third }, 0))).toBe('waiting')
    expect(stageOf(heard(asking, { call_id: 'a', event: 'joined', held: false, third: { ...third, together: true } }, 0))).toBe('together')
    expect(stageOf(heard(asking, { call_id: 'a', event: 'consult_ended', third: null }, 0))).toBe('none')
  })
  it('ends with the call', () => expect(heard({ third, held: true, paused: true, pausedUntil: 9 }, { call_id: 'a', event: 'ended', state: 'ended' }, 0)).toEqual(quiet))
  it('a pause lasts three minutes, and other events do not begin it anew', () => {
    const paused = heard(quiet, { call_id: 'a', event: 'recording_paused', recording_paused: true }, 1_000)
    expect(pauseLeft(paused, 1_000)).toBe(180)
    const later = heard(paused, { call_id: 'a', event: 'muted', recording_paused: true }, 60_000)
    expect(pauseLeft(later, 61_000)).toBe(120)
    expect(pauseLeft(later, 999_000)).toBe(0)
    expect(heard(later, { call_id: 'a', event: 'recording_resumed', recording_paused: false }, 70_000)).toEqual(quiet)
  })
  it('is learned after a reload', () => {
    const standing = { agent: 'me', muted: false, recording_paused: true, third: { colleague: 'c', queue: null, answered: true }, supervised: null }
    const at = '2026-11-26T08:00:00Z'
    const found = learned(standing, [{ kind: 'consulting', at }, { kind: 'joined', at }, { kind: 'recording_paused', at }], false)
    expect(stageOf(found)).toBe('together')
    expect(found.pausedUntil).toBe(Date.parse(at) + PAUSE_MS)
    const again = learned({ ...standing, recording_paused: false }, [{ kind: 'joined', at }, { kind: 'consult_ended', at }, { kind: 'consulting', at }], true)
    expect(stageOf(again)).toBe('asking')
    expect(again.pausedUntil).toBeNull()
  })
})

describe('what can be done', () => {
  it('follows from where the third is', () => {
    expect(actionsAt('none', false, may)).toEqual(['transfer', 'keypad', 'pause', 'help', 'instruct', 'emergency'])
    expect(actionsAt('calling', false, may).slice(0, 1)).toEqual(['end_consult'])
    expect(actionsAt('asking', false, may).slice(0, 4)).toEqual(['complete', 'join', 'swap', 'end_consult'])
    expect(actionsAt('together', false, may)).not.toContain('join')
    expect(actionsAt('none', false, { instruct: false, emergency: false })).toEqual(['transfer', 'keypad', 'pause', 'help'])
  })
  it('a recording that stands still comes first', () => expect(actionsAt('asking', true, may)[0]).toBe('pause'))
  it('has a key each, none of them another one of the frame', () => {
    const keys = Object.values(TALK_KEYS)
    expect(new Set(keys).size).toBe(keys.length)
    // State, call, knowledge, tree, requester and the inbox.
    for (const letter of 'RBCSGUINATEJLYDF') expect(keys).not.toContain(`Alt ${letter}`)
    const press = { code: 'KeyX', altKey: true, ctrlKey: false, metaKey: false, shiftKey: false, isComposing: false }
    expect(talkKey(press)).toBe('transfer')
    expect(talkKey({ ...press, ctrlKey: true })).toBeNull()
    expect(talkKey({ ...press, altKey: false })).toBeNull()
  })
  it('stands in the bar as far as there is room', () => {
    const words = ['转接', '按键盘', '求助']
    const all = words.reduce((sum, word) => sum + widthOf(word), 0)
    expect(fitting(words, all, '更多')).toBe(3)
    expect(fitting(words, all - 1, '更多')).toBeLessThan(3)
    expect(fitting(words, 0, '更多')).toBe(0)
    expect(fitting([], 0, '更多')).toBe(0)
  })
})

describe('to whom a call goes', () => {
  const people: Receiver[] = [
    { id: '1', name: '陈嘉明', staff_no: '8002', state: 'talking' }, { id: '2', name: '何志强', staff_no: '8004', state: 'ready' }, { id: '3', name: '梁文博', staff_no: '8006', state: 'signed_out' },
  ]
  const queues = [{ code: 'exam', name: '人事考试' }]
  const keys = (query: string) => choices(query, people, queues).map((one) => one.key)
  it('who is free comes first', () => expect(keys('')).toEqual(['2', '1', '3', 'exam']))
  it('is found by name, initials and staff number', () => {
    expect(keys('嘉')).toEqual(['1'])
    expect(keys('lwb')).toEqual(['3'])
    expect(keys('8004')).toEqual(['2', 'number'])
  })
  it('or is a queue, or a number', () => {
    expect(keys('rskS'.toLowerCase())).toEqual(['exam'])
    expect(choices('020 8765-4321', people, queues)[0]).toMatchObject({ kind: 'number', party: { number: '02087654321' } })
    expect(keys('zzz')).toEqual([])
  })
})

describe('what a device is rung for', () => {
  const headers = (given: Record<string, string>) => ({ getHeader: (name: string) => given[name] })
  const holder: PhoneState = { ...idle, tab: 'holder', link: 'registered' }
  const after = (...events: PhoneEvent[]) => events.reduce(next, holder)
  it('stands in the headers', () => {
    expect(invitationOf(headers({ 'X-Call-Id': 'a' }))).toEqual({ callId: 'a', reattach: false, part: null, auto: false })
    expect(invitationOf(headers({ 'X-Call-Id': 'a', 'X-Part': 'supervise', 'X-Auto-Answer': '1' }))).toMatchObject({ part: 'supervise', auto: true })
    expect(invitationOf(headers({ 'X-Part': 'something' })).part).toBeNull()
  })
  it('who clicked himself is not rung', () => {
    expect(after({ type: 'invited', callId: 'a', reattach: false, at: 1, auto: true }).call).toMatchObject({ phase: 'answering', part: 'agent', reattached: false })
    expect(after({ type: 'invited', callId: 'a', reattach: false, at: 1, part: 'consult' }).call).toMatchObject({ phase: 'ringing', part: 'consult' })
  })
  it('a call that is left to me is mine', () => {
    const asked: PhoneEvent = { type: 'invited', callId: 'a', reattach: false, at: 1, part: 'consult' }
    expect(after(asked, { type: 'mine', callId: 'b' }).call?.part).toBe('consult')
    expect(after(asked, { type: 'mine', callId: 'a' }).call?.part).toBe('agent')
  })
  it('stays what it was over a lost connection', () => {
    const asked: PhoneEvent = { type: 'invited', callId: 'a', reattach: false, at: 1, part: 'consult' }
    expect(after(asked, { ...asked, part: undefined, reattach: true }).call?.part).toBe('consult')
  })
})

it('every stage, action, kind and refusal has its word', () => {
  const keys: Map<string, string> = messages('zh-CN')
  const stages: TalkState[] = [quiet]
  const asked = [
    ...Object.keys(TALK_KEYS).map((action) => `talk.actions.${action}`), ...[...stages.map(stageOf), 'calling', 'asking', 'waiting', 'together'].flatMap((stage) => [`talk.stages.${stage}`, `talk.marks.${stage}`]),
    ...['third_here', 'no_third', 'third_not_ready', 'together', 'not_recording', 'recording_not_paused', 'bad_digits', 'already_supervised', 'not_supervised', 'supervisor_not_ready'].map((code) => `problems.call_${code}`),
    ...['one_party', 'agent_not_free', 'not_waiting', 'telephony_full'].map((code) => `problems.${code}`),
    ...['consulting', 'consult_answered', 'consult_ended', 'swapped', 'joined', 'handed_over', 'passed', 'recording_paused', 'recording_resumed', 'digits_sent', 'supervised', 'supervision_ended', 'taken_over', 'survey_began', 'rated', 'not_reached', 'placed', 'chosen', 'callback_asked', 'message_began', 'message_left', 'one_way'].map((line) => `call_events.${line}`),
  ]
  expect(asked.filter((key) => !keys.has(key))).toEqual([])
})
