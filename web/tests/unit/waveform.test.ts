import { expect, it } from 'vitest'
import { fold } from '@/features/telephony/waveform'

it('the loudest of each step stays visible', () => {
  expect(fold([0, 255, 0, 0, 51, 0], 3)).toEqual([1, 0, 0.2])
})
it('a short recording is stretched, not cut', () => {
  expect(fold([255, 0], 4)).toEqual([1, 1, 0, 0])
})
it('nothing to draw is no error', () => {
  expect(fold([], 10)).toEqual([])
  expect(fold([1, 2], 0)).toEqual([])
})
