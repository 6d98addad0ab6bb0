import { describe, expect, it } from 'vitest'
import type { CallOrigin, Exchange } from '@/api/elsewhere'
import type { Trunk } from '@/api/trunks'
import type { Keeping } from '@/api/types'
import {
  columnsToKeep, doubled, exchangeForm, exchangeRequest, extensionFault, extensionsOf, faultOf, type HandForm, handRequest, lacking, mergedColumns, secondsOf, unknownWords,
} from '@/features/elsewhere/elsewhere'
import { asked, stateOf } from '@/features/telephony/recordings'
import { answerWord, formOf, missing, numbersOf, order, portFor, reasonOf, requestOf, shareOf, standingOf } from '@/features/telephony/trunks'

const NOW = Date.parse('2026-11-26T10:00:00Z')
const hand = (part: Partial<HandForm> = {}): HandForm => ({ number: '139 0000-0001', direction: 'inbound', outcome: 'answered', started: '', talk: '3:07', waited: '', queue: '', ...part })

describe('a call written by hand', () => {
  it('reads lengths as people write them', () => {
    expect(['3:07', '3：07', '1:02:03', '5', '0:00'].map(secondsOf)).toEqual([187, 187, 3723, 300, 0])
    expect(['', 'drei', '3:70', '3:', '-1', '1:2:3:4'].map(secondsOf)).toEqual([null, null, null, null, null, null])
  })
  it('says what is missing before it is sent', () => {
    const at = '2026-11-26T09:00:00Z'
    expect(faultOf(hand(), at, NOW)).toBeNull()
    expect(faultOf(hand(), '', NOW)).toEqual({ field: 'started_at', key: 'no_start' })
    expect(faultOf(hand(), '2026-11-26T09:58:00Z', NOW)?.key).toBe('in_future')
    expect(faultOf(hand({ talk: '' }), at, NOW)?.key).toBe('no_talk')
    expect(faultOf(hand({ number: 'abc' }), at, NOW)?.key).toBe('bad_number')
    expect(faultOf(hand({ waited: 'x' }), at, NOW)?.key).toBe('bad_length')
    expect(faultOf(hand({ outcome: 'unanswered', talk: '', number: '' }), at, NOW)).toBeNull()
  })
  it('is sent plain: a call that nobody took has no talk', () => {
    expect(handRequest(hand(), 'x')).toEqual({ number: '13900000001', direction: 'inbound', outcome: 'answered', started_at: 'x', talk_s: 187, waited_s: null, queue: null })
    expect(handRequest(hand({ outcome: 'unanswered', waited: '0:12' }), 'x')).toMatchObject({ talk_s: 0, waited_s: 12 })
  })
})

describe('a file of call records', () => {
  it('needs an identifier, a number, a beginning, and an end or a length', () => {
    expect(lacking([null, 'caller'])).toEqual(['external_id', 'started_at', 'ended_at'])
    expect(lacking(['external_id', 'caller', 'started_at', 'talk_s'])).toEqual([])
    expect(doubled(['caller', 'caller', null, null, 'talk_s'])).toEqual(['caller'])
  })
  it('keeps what was said of columns that this file does not have', () => {
    const kept = columnsToKeep([{ column: 'UUID', field: null }, { column: ' ', field: null }], ['external_id', 'caller'])
    expect(kept).toEqual([{ column: 'UUID', field: 'external_id' }])
    const saved = [{ column: 'uuid', field: null }, { column: 'old id', field: 'external_id' }, { column: '时长', field: 'talk_s' }] as CallOrigin['columns']
    expect(mergedColumns(saved, kept)).toEqual([{ column: 'UUID', field: 'external_id' }, { column: 'old id', field: null }, { column: '时长', field: 'talk_s' }])
  })
  it('tells the words that mean nothing yet, most frequent first', () => {
    const remark = (code: string, detail: string) => ({ code, detail })
    expect(unknownWords([
      remark('direction_unknown', '`转接` is no direction'), remark('outcome_unknown', '`OK` is no outcome'), remark('outcome_unknown', '`OK` is no outcome'), remark('date_invalid', '`x` is no date'), remark('outcome_unknown', 'no word'),
    ])).toEqual([{ kind: 'outcome', word: 'OK', count: 2 }, { kind: 'direction', word: '转接', count: 1 }])
  })
  it('has each extension once, with its agent', () => {
    const one = (extension: string, user_id: string) => ({ extension, user_id })
    expect(extensionsOf([one(' 1001 ', 'a'), one('', '')])).toEqual([one('1001', 'a')])
    expect([[], [one('1001', 'a'), one('', '')]].map(extensionFault)).toEqual([false, false])
    expect([[one('1001', 'a'), one('1001 ', 'b')], [one('1001', '')], [one('', 'a')]].map(extensionFault)).toEqual([true, true, true])
  })
})

describe('an exchange', () => {
  it('keeps its password unless a new one is written', () => {
    const there = { code: 'main', name: '总机', host: '10.0.0.1', port: 8021, allow_private: true, active: true, queue: 'hotline', hotline: '12333', agents: [], queues: { 'hot@default': 'hotline' }, version: 3 } as unknown as Exchange
    const form = exchangeForm(there, '')
    expect(form.queues).toEqual([{ theirs: 'hot@default', ours: 'hotline' }])
    expect(exchangeRequest({ ...form, hotline: '12333， 12345' }, 3)).toMatchObject({ version: 3, hotline: '12333,12345', queues: { 'hot@default': 'hotline' } })
    expect('secret' in exchangeRequest(form, 3)).toBe(false)
    expect('code' in exchangeRequest(form, 3)).toBe(false)
    expect(exchangeRequest({ ...form, secret: 'x', queues: [{ theirs: ' ', ours: 'hotline' }] }, 3)).toMatchObject({ secret: 'x', queues: {} })
  })
})

describe('a trunk', () => {
  const trunk = (id: string, part: Partial<Trunk> = {}, now: Partial<Trunk['now']> = {}): Trunk => ({
    id, name: id, kind: 'registration', host: 'h', port: 5060, transport: 'udp', srtp: 'off', auth_user: 'u', has_secret: true, caller_ids: [], rewrite_in: [], rewrite_out: [], priority: 10, weight: 1,
    most_calls: null, options_s: 30, enabled: true, version: 4, ...part, now: { health: 'up', since: null, latency_ms: null, status: 200, registered_until: null, calls: 0, fault: null, ...now },
  })
  it('stands as a call finds it: what is down last, then by priority', () => {
    const all = [trunk('off', { enabled: false, priority: 1 }), trunk('down', { priority: 1 }, { health: 'down' }), trunk('b', { priority: 20 }), trunk('a', { weight: 3 }), trunk('c')]
    expect(order(all).map((one) => one.id)).toEqual(['a', 'c', 'b', 'down', 'off'])
    expect(all.map(standingOf)).toEqual(['off', 'down', 'up', 'up', 'up'])
    expect(all.map((one) => shareOf(one, all))).toEqual([null, null, null, 75, 25])
  })
  it('says why it is down', () => {
    const why = (status: number | null, kind: Trunk['kind'] = 'registration') => reasonOf(trunk('x', { kind }, { health: 'down', status }))?.key
    expect([why(null), why(403), why(404), why(503), why(486, 'address')]).toEqual(['silent', 'secret_refused', 'user_unknown', 'carrier_failing', 'turned_away'])
    // What is wrong before any answer is told as it is, not as silence.
    const failing = (fault: Trunk['now']['fault'], status: number | null = null) => reasonOf(trunk('x', {}, { health: 'down', status, fault }))?.key
    expect([failing('certificate_name'), failing('unreachable'), failing('silent'), failing('refused', 403)]).toEqual(['certificate_name', 'unreachable', 'silent', 'secret_refused'])
    expect(reasonOf(trunk('x'))).toBeNull()
    expect(reasonOf(trunk('x', { enabled: false }, { health: 'down', status: null }))).toBeNull()
  })
  it('keeps its secret unless it is changed or taken away', () => {
    const form = formOf(trunk('x', { caller_ids: ['12333', '+8620'] }))
    expect(requestOf(form, 4)).toMatchObject({ version: 4, caller_ids: ['12333', '+8620'], auth_user: 'u' })
    expect('secret' in requestOf(form, 4)).toBe(false)
    expect(requestOf({ ...form, secret: 's' }, 4)).toMatchObject({ secret: 's' })
    expect(requestOf({ ...form, forget_secret: true }, 4)).toMatchObject({ secret: '' })
    expect(numbersOf(' 12333，12345\n12333 ')).toEqual(['12333', '12345'])
  })
  it('knows what is missing and which port is usual', () => {
    expect(missing(formOf(null), false)).toBe('name')
    expect(missing({ ...formOf(null), name: 'a', host: 'h', auth_user: 'u' }, false)).toBe('secret')
    expect(missing({ ...formOf(null), name: 'a', host: 'h', kind: 'address' }, false)).toBeNull()
    expect(missing({ ...formOf(trunk('x')), forget_secret: true }, true)).toBe('secret')
    expect([portFor('tls', 'udp', 5060), portFor('udp', 'tls', 5061), portFor('tls', 'udp', 5080)]).toEqual([5061, 5060, 5080])
  })
})

describe('a trunk that is asked by hand', () => {
  it('is there whatever it answers, and says why it is not', () => {
    expect(answerWord({ status: 404, latency_ms: 7, fault: null })).toEqual({ key: 'trunks.answer', status: 404, ms: 7 })
    expect(answerWord({ status: null, latency_ms: null, fault: 'certificate_name' }).key).toBe('trunks.reasons.certificate_name')
  })
})

describe('recordings', () => {
  const keeping = (part: object = {}) => ({ condition: null, removal: null, ...part }) as unknown as Keeping
  it('are asked for in the words of the server, with one request a page', () => {
    expect(asked({ q: '*1234', from: 'x', state: '' })).toEqual({ q: '*1234', from: 'x' })
    expect(asked({ state: 'removed', held: 'true' })).toEqual({ held: 'true', removed: true })
    expect(asked({ state: 'unknown' })).toEqual({ checked: false, removed: false })
    expect(asked({ state: 'damaged', agent: 'a' })).toEqual({ agent: 'a', condition: 'damaged', removed: false })
  })
  it('have one state each', () => {
    expect([keeping(), keeping({ condition: 'good' }), keeping({ condition: 'good', removal: {} })].map(stateOf)).toEqual(['unknown', 'good', 'removed'])
  })
})
