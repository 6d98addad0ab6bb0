import { describe, expect, it } from 'vitest'
import { blank, moved } from '@/features/analytics/reports/blocks'
import { scheduleWord } from '@/features/analytics/reports/schedule'
import { drawn, read } from '@/features/analytics/reports/words'

describe('a template', () => {
  it('moves a block by a place, and leaves the ends where they are', () => {
    expect(moved(['a', 'b', 'c'], 1, -1)).toEqual(['b', 'a', 'c'])
    expect(moved(['a', 'b', 'c'], 0, -1)).toEqual(['a', 'b', 'c'])
    expect(moved(['a', 'b', 'c'], 2, 1)).toEqual(['a', 'b', 'c'])
  })
  it('begins each block empty, and apart from the others', () => {
    const one = blank('kpis')
    if (one.kind === 'kpis') one.codes.push('k01')
    expect(blank('kpis')).toEqual({ kind: 'kpis', title: '', codes: [] })
  })
  it('says when a report is drafted', () => {
    expect(scheduleWord('daily', { enabled: true, workday: 1, hour: 18, minute: 30 })).toContain('18:30')
    expect(scheduleWord('monthly', { enabled: true, workday: 3, hour: 9, minute: 0 })).toContain('3')
  })
})

describe('a figure', () => {
  it('is read as it is printed', () => {
    expect(read('basis_points', 9_312)).toBe('93.12%')
    expect(read('count', 3)).toBe('3')
    expect(read('hundredths', 125)).toBe('1.25')
    expect(read('basis_points', null)).toBe('—')
    expect(drawn('milliseconds', 12_500)).toBe(12.5)
  })
})
