import { describe, expect, it } from 'vitest'
import { OTHER_KEYS, QUICK_RESULTS, RESULT_KEYS, TYPE_KEYS, interpret, missing, type Draft, type Press } from '@/features/tickets/wrap-up-keys'

const press = (key: string, more: Partial<Press> = {}) => interpret({ key, ctrl: false, alt: false, inField: false, ...more })
const empty: Draft = { request_type: null, matter: null, result: null, ticket_id: null, summary: '' }

describe('keys of the wrap-up', () => {
  it('no key means two things', () => {
    const all = [...TYPE_KEYS.map(([k]) => k), ...RESULT_KEYS.map(([k]) => k), ...QUICK_RESULTS.map((q) => q.key), ...Object.values(OTHER_KEYS)]
    expect(new Set(all).size).toBe(all.length)
  })
  it('digits choose the request type', () => {
    expect(press('1')).toEqual({ do: 'type', type: 'consult' })
    expect(press('3')).toEqual({ do: 'type', type: 'complaint' })
    expect(press('8')).toBeNull()
  })
  it('one key finishes a call that needs no ticket', () => {
    expect(press('w')).toEqual({ do: 'finish_as', result: 'misdial', type: null })
    expect(press('J')).toEqual({ do: 'finish_as', result: 'silent', type: null })
    expect(press('s')).toEqual({ do: 'finish_as', result: 'harassment', type: null })
    expect(press('a')).toEqual({ do: 'finish_as', result: 'answered', type: 'consult' })
  })
  it('one key attaches', () => expect(press('l')).toEqual({ do: 'attach' }))
  it('a text field keeps its letters', () => {
    expect(press('w', { inField: true })).toBeNull()
    expect(press('1', { inField: true })).toBeNull()
    expect(press('Escape', { inField: true })).toEqual({ do: 'leave_field' })
    expect(press('Enter', { inField: true })).toBeNull()
  })
  it('Ctrl+Enter saves from everywhere, once', () => {
    expect(press('Enter', { ctrl: true, inField: true })).toEqual({ do: 'save' })
    expect(press('Enter', { ctrl: true, repeat: true })).toBeNull()
  })
  it('shortcuts of the browser stay its own', () => {
    expect(press('s', { ctrl: true })).toBeNull()
    expect(press('d', { alt: true })).toBeNull()
  })
  it('a held key and an input method do nothing', () => {
    expect(press('w', { repeat: true })).toBeNull()
    expect(press('w', { composing: true })).toBeNull()
  })
})

describe('what is missing', () => {
  const with_ = (part: Partial<Draft>) => missing({ ...empty, ...part })
  it('asks in the order of the form', () => {
    expect(with_({})).toBe('request_type')
    expect(with_({ request_type: 'help' })).toBe('matter')
    expect(with_({ request_type: 'help', matter: '101' })).toBe('result')
  })
  it('nothing for a misdial, silence, harassment', () => {
    for (const result of ['misdial', 'silent', 'harassment'] as const) expect(with_({ result })).toBeNull()
  })
  it('an answered consult needs its matter only', () => {
    expect(with_({ result: 'answered' })).toBe('matter')
    expect(with_({ result: 'answered', matter: '101' })).toBeNull()
  })
  it('complaints and reports are not answered away', () => {
    expect(with_({ result: 'answered', matter: '101', request_type: 'complaint' })).toBe('ticket_needed')
    expect(with_({ result: 'answered', matter: '101', request_type: 'report' })).toBe('ticket_needed')
  })
  it('what somebody must follow up needs a summary', () => {
    const draft = { request_type: 'help', matter: '101', result: 'follow_up' } as const
    expect(with_({ ...draft, summary: '  ' })).toBe('summary')
    expect(with_({ ...draft, summary: '核对后答复' })).toBeNull()
  })
  it('an attached contact needs the ticket only', () => {
    expect(with_({ result: 'attached' })).toBe('ticket_id')
    expect(with_({ result: 'attached', ticket_id: 'x' })).toBeNull()
  })
})
