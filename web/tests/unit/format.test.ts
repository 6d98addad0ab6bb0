import { describe, expect, it } from 'vitest'
import { clockTime, count, day, dayStart, duration, fullTime, percent, shortTime } from '@/lib/format'

describe('durations', () => {
  it('read as minutes and seconds', () => {
    expect(duration(187)).toBe('3:07')
    expect(duration(0)).toBe('0:00')
    expect(duration(59.9)).toBe('0:59')
  })
  it('show hours from one hour on', () => expect(duration(3729)).toBe('1:02:09'))
  it('are never negative and never guessed', () => {
    expect(duration(-4)).toBe('0:00')
    expect(duration(null)).toBe('—')
  })
})

describe('times', () => {
  const now = Date.parse('2026-11-23T06:00:00Z')
  it('are shown in the zone of the service', () => {
    expect(shortTime('2026-11-23T06:05:33Z', now)).toBe('11-23 14:05')
    expect(fullTime('2026-11-23T06:05:33Z')).toBe('2026-11-23 14:05:33')
    expect(clockTime('2026-11-23T16:05:33Z')).toBe('00:05:33')
    expect(day('2026-11-23T16:05:33Z')).toBe('2026-11-24')
  })
  it('carry the year when it is another one', () => expect(shortTime('2025-12-31T01:00:00Z', now)).toBe('2025-12-31 09:00'))
  it('say nothing of nothing', () => {
    expect(shortTime(null)).toBe('—')
    expect(shortTime('not a time')).toBe('—')
  })
  it('know when a day begins and ends', () => {
    expect(dayStart('2026-11-23')).toBe('2026-11-22T16:00:00.000Z')
    expect(dayStart('2026-12-31', true)).toBe('2026-12-31T16:00:00.000Z')
  })
})

it('rates are basis points with one place', () => {
  expect(percent(9530)).toBe('95.3%')
  expect(percent(10_000)).toBe('100.0%')
  expect(percent(null)).toBe('—')
})
it('counts have thousands', () => expect(count(1234567)).toBe('1,234,567'))
