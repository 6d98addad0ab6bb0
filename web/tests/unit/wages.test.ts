// Words of wages: a difference is named with its class and to the fen, and without figures where they are hidden.
import { expect, test } from 'vitest'
import { findingText, hours } from '@/features/wages/words'

test('a difference is named to the fen, and only where amounts are shown', () => {
  const short = { fault: 'overtime_short', class: 'statutory_holiday', due_fen: 30_000, paid_fen: 20_000, minutes: 240, blocks: true } as const
  expect(findingText(short)).toBe('加班费少付（法定节假日 300%）：应 300.00，实 200.00，差 100.00')
  expect(findingText({ ...short, due_fen: null, paid_fen: null })).toBe('加班费少付（法定节假日 300%）')
  expect(findingText({ ...short, fault: 'below_minimum', class: null, due_fen: 268_000, paid_fen: 266_000 })).toBe('低于最低工资：应 2,680.00，实 2,660.00，差 20.00')
})

test('minutes are read as hours', () => expect([60, 90, 240, 50].map(hours)).toEqual(['1', '1.5', '4', '0.83']))
