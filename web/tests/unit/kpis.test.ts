import { describe, expect, it } from 'vitest'
import { asked, limits, shown } from '@/features/analytics/words'

describe('a figure', () => {
  it('reads in its unit', () => {
    expect(shown('basis_points', 9_524)).toBe('95.24%')
    expect(shown('milliseconds', 19_500)).toBe('19.5 s')
    expect(shown('milliseconds', 133_333)).toBe('2:13')
    expect(shown('count', 3)).toBe('3')
    expect(shown('basis_points', null)).toBe('—')
  })
  it('says what is asked of it', () => {
    expect(asked({ unit: 'basis_points', direction: 'at_least' }, 9_500, null)).toBe('≥ 95.00%')
    expect(asked({ unit: 'milliseconds', direction: 'at_most' }, 15_000, null)).toBe('≤ 15.0 s')
    expect(asked({ unit: 'basis_points', direction: 'within' }, 7_500, 8_500)).toBe('75.00% – 85.00%')
    expect(asked({ unit: 'basis_points', direction: 'watched' }, null, null)).toBe('')
  })
})

describe('control limits', () => {
  it('are the mean and 2.66 mean moving ranges', () => {
    const found = limits([10, 12, 10, 12, 10, 12])!
    expect(found.mean).toBe(11)
    expect(found.high).toBeCloseTo(11 + 2.66 * 2)
    expect(found.low).toBeCloseTo(11 - 2.66 * 2)
  })
  it('need six values', () => {
    expect(limits([1, 2, 3, 4, 5])).toBeNull()
  })
})
