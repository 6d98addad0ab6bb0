import { describe, expect, it } from 'vitest'
import { troubleOf } from '@/softphone/microphone'
import { idle, next, type PhoneEvent, type PhoneState } from '@/softphone/state'

const holder: PhoneState = { ...idle, tab: 'holder', link: 'registered' }
const after = (state: PhoneState, ...events: PhoneEvent[]) => events.reduce(next, state)
const invite: PhoneEvent = { type: 'invited', callId: 'a', reattach: false, at: 1 }

describe('a call', () => {
  it('rings, is answered and talks', () => {
    expect(after(holder, invite).call?.phase).toBe('ringing')
    expect(after(holder, invite, { type: 'answering' }).call?.phase).toBe('answering')
    expect(after(holder, invite, { type: 'answering' }, { type: 'confirmed', at: 9 }).call).toEqual({ callId: 'a', phase: 'talking', since: 9, reattached: false, part: 'agent', own: false })
  })
  it('leaves nothing behind', () => {
    const over = after(holder, invite, { type: 'answering' }, { type: 'confirmed', at: 9 }, { type: 'muted', muted: true }, { type: 'held', held: true }, { type: 'over' })
    expect(over).toEqual(holder)
  })
  it('does not ring over another one', () => {
    const busy = after(holder, invite, { type: 'invited', callId: 'b', reattach: false, at: 2 })
    expect(busy.call?.callId).toBe('a')
  })
  it('comes back after a reload without ringing', () => {
    const back = after(holder, { type: 'invited', callId: 'a', reattach: true, at: 5 })
    expect(back.call).toMatchObject({ phase: 'answering', reattached: true })
  })
  it('comes back over its own dead leg and stays muted', () => {
    const back = after(holder, invite, { type: 'confirmed', at: 2 }, { type: 'muted', muted: true }, { type: 'invited', callId: 'a', reattach: true, at: 5 })
    expect(back).toMatchObject({ muted: true, call: { phase: 'answering' } })
  })
  it('cannot be answered twice', () => {
    const talking = after(holder, invite, { type: 'confirmed', at: 2 })
    expect(next(talking, { type: 'answering' })).toBe(talking)
  })
  it('says what went wrong until the next one', () => {
    const failed = after(holder, invite, { type: 'over', trouble: 'microphone_refused' })
    expect(failed.trouble).toBe('microphone_refused')
    expect(next(failed, invite).trouble).toBeNull()
  })
  it('nothing is muted or held without a call', () => {
    expect(next(holder, { type: 'muted', muted: true })).toBe(holder)
    expect(next(holder, { type: 'held', held: true })).toBe(holder)
  })
})

it('a tab that loses the softphone forgets its call', () => {
  expect(after(holder, invite, { type: 'tab', tab: 'elsewhere' })).toEqual({ ...idle, tab: 'elsewhere' })
})

it('the microphone tells in our words why it is shut', () => {
  const named = (name: string) => Object.assign(new Error(name), { name })
  expect(troubleOf(named('NotAllowedError'))).toBe('microphone_refused')
  expect(troubleOf(named('NotFoundError'))).toBe('microphone_missing')
  expect(troubleOf(named('NotReadableError'))).toBe('microphone_busy')
  expect(troubleOf('anything')).toBe('microphone_refused')
})
