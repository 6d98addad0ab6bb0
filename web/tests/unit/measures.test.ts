import { describe, expect, it } from 'vitest'
import type { FirstOwnerMeasures } from '@/api/types'
import { inTimeShare, listQuery, measureOf, ranked, sum } from '@/features/tickets/measures'

const LIST = '/api/v1/tickets?first_owner=u1&from=2026-10-31T16:00:00.000Z&to=2026-11-30T16:00:00.000Z&begun=true'
const DAYS = { from: '2026-11-01', to: '2026-11-30' }
const one = (id: string, taken: number, in_time: number, late: number): FirstOwnerMeasures => {
  const n = (count: number) => ({ count, list: LIST })
  return { first_owner_id: id, first_owner: { id, name: id, staff_no: id }, taken: n(taken), open: n(0), in_time: n(in_time), late: n(late), handed_on: n(0), reopened: n(0) }
}

describe('a number of what became of a request', () => {
  it('opens the list that the server names, in the days of the page and in every state', () => {
    expect(listQuery(LIST, DAYS)).toEqual({ first_owner: 'u1', begun: 'true', state: '', ...DAYS })
    expect(listQuery(`${LIST}&open=true`, DAYS)).toEqual({ first_owner: 'u1', begun: 'true', state: 'open', ...DAYS })
    expect(listQuery(`${LIST}&in_time=false`, DAYS)).toMatchObject({ in_time: 'false', state: '' })
  })
  it('is known again by what it filters', () => {
    expect(measureOf({ in_time: 'false' })).toBe('late')
    expect(measureOf({ in_time: 'true' })).toBe('in_time')
    expect(measureOf({ handed_on: 'true' })).toBe('handed_on')
    expect(measureOf({ first_owner: 'u1', in_time: '' })).toBeNull()
  })
  it('is a share of what was closed, and none while nothing was', () => {
    expect(inTimeShare(one('a', 9, 2, 1))).toBe(6667)
    expect(inTimeShare(one('a', 9, 0, 0))).toBeNull()
  })
  it('stands first for who took most', () => {
    const all = [one('802', 3, 1, 0), one('801', 3, 0, 0), one('803', 7, 4, 1)]
    expect(ranked(all).map((person) => person.first_owner_id)).toEqual(['803', '801', '802'])
    expect(sum(all, 'in_time')).toBe(5)
  })
})
