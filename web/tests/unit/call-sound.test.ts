import { describe, expect, it } from 'vitest'
import type { CallLeg, LadderMessage } from '@/api/types'
import { arrows, lanes } from '@/features/telephony/ladder'
import { line, most } from '@/features/telephony/quality'

const stretch = (loss_percent: number, jitter_ms: number): CallLeg['stretches'][number] => ({ at_s: 0, received: 500, loss_percent, jitter_ms })

describe('how a leg was heard', () => {
  it('is a point for each ten seconds, the worst at the top', () => {
    expect(line([stretch(0, 0), stretch(10, 0), stretch(5, 0)], 'loss_percent', 5, 100, 42)).toBe('0,41 50,1 100,21')
  })
  it('a short leg is a level line', () => {
    expect(line([stretch(0, 0)], 'loss_percent', 5, 100, 42)).toBe('0,41 100,41')
  })
  it('nothing heard is nothing drawn', () => {
    expect(line([], 'jitter_ms', 50, 100, 42)).toBe('')
    expect(most([], 'jitter_ms')).toBe(0)
  })
})

const message = (leg: string, incoming: boolean, far: string, what: string | number, after_ms: number): LadderMessage => ({
  at: '2026-11-26T08:00:00Z', after_ms, from: incoming ? far : 'us:5060', to: incoming ? 'us:5060' : far, incoming, leg, transport: 'UDP',
  method: typeof what === 'string' ? what : null, status: typeof what === 'number' ? what : null, cseq: '1 INVITE', dialog: leg, text: '',
})

describe('a SIP ladder', () => {
  const messages = [
    message('requester', true, 'trunk:5060', 'INVITE', 0),
    message('requester', false, 'trunk:5060', 200, 12),
    message('agent', false, 'desk:5062', 'INVITE', 900),
    message('agent', false, 'browser:1', 'INVITE', 901),
    message('agent', true, 'desk:5062', 200, 1500),
  ]
  it('has the requester left, us in the middle, each device right of it', () => {
    expect(lanes(messages).map((lane) => lane.address)).toEqual(['trunk:5060', 'us:5060', 'desk:5062', 'browser:1'])
  })
  it('draws each message from its sender to its hearer, with the time since the one before', () => {
    const drawn = arrows(messages, lanes(messages))
    expect(drawn.map((arrow) => [arrow.from, arrow.to, arrow.label, arrow.since])).toEqual([
      [0, 1, 'INVITE', 0], [1, 0, '200 (INVITE)', 12], [1, 2, 'INVITE', 888], [1, 3, 'INVITE', 1], [2, 1, '200 (INVITE)', 599],
    ])
  })
})
