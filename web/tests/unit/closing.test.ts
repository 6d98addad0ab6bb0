import { describe, expect, it } from 'vitest'
import { byQueue, heard, still, type Waiting } from '@/features/floor/closing'

const told = (call_id: string, serve_until: string | null, queue = 'hotline') => ({ call_id, queue, serve_until })
const AT = '2026-11-26T10:00:00Z'
const LATER = '2026-11-26T10:05:00Z'

describe('who waits after the line has closed', () => {
  it('stands once, with what was said last, until he waits no more', () => {
    let waiting: Waiting[] = heard(heard([], told('a', AT)), told('b', LATER))
    waiting = heard(waiting, told('a', LATER))
    expect(waiting.map((one) => [one.callId, one.until])).toEqual([['b', LATER], ['a', LATER]])
    expect(heard(waiting, told('b', null)).map((one) => one.callId)).toEqual(['a'])
  })
  it('is shown by queue with the first end, and not for ever', () => {
    const waiting = heard(heard(heard([], told('a', LATER)), told('b', AT)), told('c', LATER, 'exam'))
    expect(byQueue(waiting)).toEqual([{ queue: 'hotline', n: 2, until: AT }, { queue: 'exam', n: 1, until: LATER }])
    expect(byQueue(still(waiting, Date.parse('2026-11-26T10:01:00Z')))[0]).toEqual({ queue: 'hotline', n: 1, until: LATER })
    expect(still(waiting, Date.parse('2026-11-26T10:06:00Z'))).toEqual([])
  })
})
