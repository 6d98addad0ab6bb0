import { expect, it } from 'vitest'
import { initials, matches } from '@/lib/pinyin'

it('Chinese words are found by the first letters of their pinyin', () => {
  expect(initials('报名条件')).toBe('bmtj')
  expect(initials('12345 转办')).toBe('12345zb')
})
it('a word matches by characters, code or initials', () => {
  expect(matches('条件', '报名条件')).toBe(true)
  expect(matches('101', '报名条件', '101')).toBe(true)
  expect(matches('BM', '报名条件')).toBe(true)
  expect(matches('zp', '报名条件')).toBe(false)
})
