import { describe, expect, it } from 'vitest'
import type { Offered, Ticket, TicketDetail } from '@/api/types'
import { arrange, limitParts } from '@/features/tickets/actions'
import { changedWords, draftOf, newTicket } from '@/features/tickets/draft'
import { bucketOf, byBucket, dueBefore, dueOf, span, usedWord } from '@/features/tickets/due'
import { byOwner, isAt, tellsAsked } from '@/features/tickets/risk'
import { stateQuery } from '@/features/tickets/states'
import { byVersion } from '@/features/tickets/words'
import { byRow } from '@/features/work-orders/fields'

// 2026-11-25 14:00 in Guangzhou.
const NOW = Date.parse('2026-11-25T06:00:00Z')
const HOUR = 3_600_000
const at = (hours: number): string => new Date(NOW + hours * HOUR).toISOString()
const ticket = (part: Partial<Ticket> = {}): Ticket =>
  ({ id: 't', state: 'in_handling', open: true, opened_at: at(-10), due_at: at(10), breached: false, transfer_to: null, current_owner_id: 'a', owner: { id: 'a', name: '陈晓雯', staff_no: '801' }, ...part }) as Ticket

describe('due', () => {
  it('says how long is left and how much is used', () => {
    expect(dueOf(ticket(), NOW)).toEqual({ level: 'half', seconds: 36_000, used: 0.5 })
    expect(dueOf(ticket({ due_at: at(90) }), NOW).level).toBe('calm')
    expect(dueOf(ticket({ due_at: at(2) }), NOW).level).toBe('most')
    expect(dueOf(ticket({ due_at: at(-2) }), NOW)).toMatchObject({ level: 'over', seconds: 7_200 })
  })
  it('takes how much is used from the server, who counts service hours', () => {
    expect(dueOf(ticket({ used_percent: 10 }), NOW).level).toBe('calm')
    expect(dueOf(ticket({ used_percent: 85 }), NOW)).toMatchObject({ level: 'most', used: 0.85 })
    expect(dueOf(ticket({ used_percent: null }), NOW).level).toBe('half')
    expect([62, 100, 444, 2742].map(usedWord)).toEqual(['62%', '100%', '444%', '>999%'])
  })
  it('has nothing to say about a draft, what is over, and what stands still', () => {
    expect(dueOf(ticket({ state: 'draft', due_at: null }), NOW).level).toBe('none')
    expect(dueOf(ticket({ state: 'closed', open: false }), NOW).level).toBe('none')
    expect(dueOf(ticket({ state: 'suspended', due_at: at(-5) }), NOW).level).toBe('still')
    expect(dueOf(ticket({ state: 'replied', due_at: at(-5) }), NOW).level).toBe('still')
  })
  it('is read in the two largest units', () => {
    expect(span(97_200)).toEqual({ unit: 'dh', a: 1, b: 3 })
    expect(span(12_000)).toEqual({ unit: 'hm', a: 3, b: 20 })
    expect(span(59)).toEqual({ unit: 'm', a: 0, b: 0 })
    expect(span(-5)).toEqual({ unit: 'm', a: 0, b: 0 })
    expect(span(86_400)).toEqual({ unit: 'dh', a: 1, b: 0 })
  })
  it('falls into the day of the service, not of the desktop', () => {
    expect(bucketOf(ticket({ due_at: '2026-11-25T15:59:00Z' }), NOW)).toBe('today')
    expect(bucketOf(ticket({ due_at: '2026-11-25T16:01:00Z' }), NOW)).toBe('soon')
    expect(bucketOf(ticket({ due_at: at(24 * 6) }), NOW)).toBe('later')
    expect(bucketOf(ticket({ state: 'pending_review', due_at: at(-1) }), NOW)).toBe('waiting')
    expect(bucketOf(ticket({ state: 'draft' }), NOW)).toBeNull()
  })
  it('is sorted within its bucket', () => {
    const found = byBucket([ticket({ id: 'b', due_at: at(-1) }), ticket({ id: 'a', due_at: at(-9) }), ticket({ id: 'c', due_at: at(3) })], NOW)
    expect(found.over.map((one) => one.id)).toEqual(['a', 'b'])
    expect(found.today.map((one) => one.id)).toEqual(['c'])
  })
  it('is a filter that stays true tomorrow', () => {
    expect(dueBefore('overdue', NOW)).toBe('2026-11-25T06:00:00.000Z')
    expect(dueBefore('today', NOW)).toBe('2026-11-25T16:00:00.000Z')
    expect(dueBefore('week', NOW)).toBe('2026-12-01T16:00:00.000Z')
    expect(dueBefore('', NOW)).toBeUndefined()
  })
})

describe('risk', () => {
  it('groups what is over, due today and hanging', () => {
    expect(isAt('over', ticket({ due_at: at(-1) }), NOW)).toBe(true)
    expect(isAt('today', ticket({ due_at: at(3) }), NOW)).toBe(true)
    expect(isAt('rest', ticket({ due_at: at(72) }), NOW)).toBe(true)
    expect(isAt('transfer', ticket({ transfer_to: { id: 'b', name: '李志强', staff_no: '802' } }), NOW)).toBe(true)
    expect(isAt('unsigned', ticket({ state: 'pending_sign' }), NOW)).toBe(true)
    expect(tellsAsked([ticket()])).toBe(false)
    expect(tellsAsked([{ ...ticket(), asked: null } as Ticket])).toBe(true)
  })
  it('adds up each owner, the most pressed first; the parts make the whole', () => {
    const b = { current_owner_id: 'b', owner: { id: 'b', name: '李志强', staff_no: '802' } }
    const loads = byOwner([ticket(), ticket({ due_at: at(72) }), ticket({ ...b, due_at: at(-1) }), ticket({ ...b, state: 'draft' })], NOW)
    expect(loads.map((load) => load.id)).toEqual(['b', 'a'])
    for (const load of loads) expect(load.over + load.today + load.rest).toBe(load.total)
  })
})

describe('actions', () => {
  const offer = (...actions: string[]): Offered[] => actions.map((action) => ({ desk: 'handle', action }))
  it('stand in their order, once each, six at most', () => {
    const { shown, more } = arrange([...offer('suspend', 'reply', 'close', 'ask_return'), { desk: 'dispatch', action: 'close' }])
    expect(shown.map((one) => one.action)).toEqual(['reply', 'close', 'suspend'])
    expect(shown[1]!.desk).toBe('handle')
    expect(more.map((one) => one.action)).toEqual(['ask_return'])
    expect(arrange(offer('close', 'offer_transfer', 'reassign', 'suspend', 'ask_extension', 'urge', 'reopen')).shown).toHaveLength(6)
  })
  it('of a newer server wait in the menu', () => expect(arrange(offer('something_new')).more).toHaveLength(1))
  it('ask for time in the unit of the limit', () => expect(limitParts({ service_minutes: 240 })).toEqual({ unit: 'service_minutes', n: 240 }))
})

describe('what a ticket says', () => {
  const before = { ...ticket(), request_type: 'fault', matter: '114', priority: 'normal', title: '转圈', summary: '缴费页面转圈', form: { system: '报名' }, confidential: false, complained_agent: null } as unknown as TicketDetail
  it('sends only what was changed', () => {
    expect(changedWords(before, draftOf(before))).toEqual({})
    expect(changedWords(before, { ...draftOf(before), priority: 'urgent', form: { system: '报名', step: '支付', device: '' } })).toEqual({ priority: 'urgent', form: { system: '报名', step: '支付' } })
  })
  it('drops the fields of the old request type with it', () => {
    expect(changedWords(before, { ...draftOf(before), request_type: 'help', form: { system: '报名', wanted: '退费' } })).toEqual({ request_type: 'help', form: { wanted: '退费' } })
  })
  it('takes the address away, and leaves alone one that is hidden', () => {
    const known = { ...before, requester: { id: '1', name: null, phone: null }, incident_address: '越秀区' }
    expect(changedWords(known, { ...draftOf(known), incident_address: ' ' })).toEqual({ incident_address: '' })
    const hidden = { ...before, requester: null, incident_address: null }
    expect(draftOf(hidden).incident_address).toBeNull()
    expect(changedWords(hidden, draftOf(hidden))).toEqual({})
  })
  it('names the first field that a new one lacks', () => {
    expect(newTicket(draftOf(null), { phone: '' })).toBe('request_type')
    expect(newTicket({ ...draftOf(before), summary: ' ' }, { phone: '' })).toBe('summary')
    expect(newTicket(draftOf(before), { requester_id: 'r1', phone: ' ' })).not.toHaveProperty('phone')
    expect(newTicket(draftOf(before), { requester_id: 'r1', phone: '13800000000' })).toMatchObject({ requester_id: 'r1', phone: '13800000000' })
    expect(newTicket(draftOf(before), { phone: ' 13800000000 ' })).toMatchObject({ phone: '13800000000', matter: '114', form: { system: '报名' } })
  })
})

describe('lists', () => {
  it('take one state or a group of them', () => {
    expect(stateQuery('open')).toEqual({ open: true })
    expect(stateQuery('ended')).toEqual({ open: false })
    expect(stateQuery('replied')).toEqual({ state: 'replied' })
    expect(stateQuery('')).toEqual({})
  })
  it('keep the lines of one change together', () => {
    const line = (version: number, action = 'edited', second = 0) => ({ version, action, at: `2026-11-25T06:00:0${second}Z` }) as never
    expect(byVersion([line(3), line(3), line(2, 'linked', 1), line(2, 'linked', 2)]).map((group) => group.length)).toEqual([2, 1, 1])
  })
  it('keep the remarks on one row of a file together', () => {
    expect(byRow([{ row: 9 }, { row: 2 }, { row: 9 }]).map(([row, some]) => [row, some.length])).toEqual([[2, 1], [9, 2]])
  })
})
