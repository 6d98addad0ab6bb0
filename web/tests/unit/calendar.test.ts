import { expect, it } from 'vitest'
import { leading, weekdayKind } from '@/features/calendar/days'

it('a day is what its weekday says', () => {
  expect(weekdayKind('2026-11-23')).toBe('workday')
  expect(weekdayKind('2026-11-21')).toBe('rest')
  expect(weekdayKind('2026-11-22')).toBe('rest')
})
it('weeks begin on Monday', () => {
  expect(leading(2026, 6)).toBe(0)
  expect(leading(2026, 2)).toBe(6)
})
