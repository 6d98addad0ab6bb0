import { expect, it } from 'vitest'
import { levelOf } from '@/features/floor/wallboard'

it('a queue is fine until somebody waits too long', () => {
  expect(levelOf.waiting(0, 0)).toBe('good')
  expect(levelOf.waiting(1, 5)).toBe('good')
  expect(levelOf.waiting(1, 15)).toBe('watch')
  expect(levelOf.waiting(1, 60)).toBe('act')
  expect(levelOf.waiting(6, 3)).toBe('act')
})
it('the rate is measured against 95 %', () => {
  expect(levelOf.answered(8_500, 8_500)).toBe('good')
  expect(levelOf.answered(8_499, 8_500)).toBe('watch')
  expect(levelOf.answered(7_499, 8_500)).toBe('act')
  expect(levelOf.answered(null, 8_500)).toBe('plain')
  expect(levelOf.answered(9_000, null)).toBe('plain')
})
it('one missing is watched, two are acted on', () => {
  expect(levelOf.onPost(6, 6)).toBe('good')
  expect(levelOf.onPost(5, 6)).toBe('watch')
  expect(levelOf.onPost(4, 6)).toBe('act')
})
