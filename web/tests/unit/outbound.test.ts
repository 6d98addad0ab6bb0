import { describe, expect, it } from 'vitest'
import { isDue, isLate, rate, typedItem } from '@/features/outbound/words'

describe('outbound calls', () => {
  it('reads a line typed by hand', () => {
    expect(typedItem('13900000001，王女士，补贴 申领')).toEqual({ number: '13900000001', name: '王女士', note: '补贴 申领' })
    expect(typedItem('13900000001\t王女士')).toEqual({ number: '13900000001', name: '王女士' })
    expect(typedItem('139 0000 0001')).toEqual({ number: '139 0000 0001' })
    expect(typedItem('   ')).toBeNull()
  })
  it('shows a rate, and nothing where nothing counts', () => {
    expect([rate(10_000), rate(9_166), rate(null)]).toEqual(['100.0 %', '91.7 %', '–'])
  })
  it('knows what is late and who may be called', () => {
    expect([isLate({ open: true, in_time: false }), isLate({ open: true, in_time: null }), isLate({ open: false, in_time: false })]).toEqual([true, false, false])
    const at = '2026-11-23T02:00:00Z'
    expect(isDue({ state: 'waiting', next_at: at }, Date.parse(at))).toBe(true)
    expect(isDue({ state: 'calling', next_at: null }, Date.parse(at))).toBe(false)
  })
})
