import { describe, expect, it } from 'vitest'
import type { AttendanceLine, Punch } from '@/api/workforce'
import { addDays, boundsOf, daysBetween, hm, hours, inMonths, mondayOf, weekdayOf } from '@/features/workforce/days'
import { byDay, marksOf } from '@/features/workforce/punches'
import { findingWord, isException, mayCorrect, ordered } from '@/features/workforce/words'

const punch = (at: string, kind: 'in' | 'out', part: Partial<Punch> = {}): Punch => ({ id: at, user: null, kind, at, device_at: at, device: 'seat-one', address: '', on_floor: true, ...part }) as Punch
const line = (id: string, part: Partial<AttendanceLine> = {}): AttendanceLine => ({ id, seat: 'Z1', kind: 'present', findings: [], state: 'frozen', corrects_id: null, late_minutes: 0, early_minutes: 0, ...part }) as AttendanceLine

describe('days', () => {
  it('go over months and years, weeks begin on Monday', () => {
    expect(addDays('2026-12-31', 1)).toBe('2027-01-01')
    expect(weekdayOf('2026-11-23')).toBe(1)
    expect(weekdayOf('2026-11-29')).toBe(7)
    expect(mondayOf('2026-11-29')).toBe('2026-11-23')
    expect(inMonths('2026-12', 1)).toBe('2027-01')
    expect(boundsOf('2028-02')).toEqual(['2028-02-01', '2028-02-29'])
    expect(daysBetween('2026-11-29', '2026-12-01')).toEqual(['2026-11-29', '2026-11-30', '2026-12-01'])
  })
  it('tell minutes as hours', () => {
    expect([hm(450), hm(0), hm(61)]).toEqual(['7:30', '0:00', '1:01'])
    expect([hours(450), hours(480), hours(2160)]).toEqual(['7.5', '8', '36'])
  })
})

describe('punches', () => {
  it('make days of the zone of the service, the latest first', () => {
    const days = byDay([punch('2026-11-24T09:30:00Z', 'out'), punch('2026-11-24T00:25:00Z', 'in'), punch('2026-11-24T16:10:00Z', 'in')])
    expect(days.map((one) => one.day)).toEqual(['2026-11-25', '2026-11-24'])
    expect(days[1]).toMatchObject({ came: '2026-11-24T00:25:00Z', left: '2026-11-24T09:30:00Z' })
  })
  it('know that who came back after he had gone has not gone', () => {
    expect(byDay([punch('2026-11-24T00:25:00Z', 'in'), punch('2026-11-24T04:00:00Z', 'out'), punch('2026-11-24T05:00:00Z', 'in')])[0]!.left).toBeNull()
  })
  it('say what will stand out: today nobody needs to have gone', () => {
    const [day] = byDay([punch('2026-11-24T00:25:00Z', 'in', { on_floor: false }), punch('2026-11-24T01:00:00Z', 'in', { device: 'phone', device_at: '2026-11-24T01:05:00Z' })])
    expect(marksOf(day!, '2026-11-24', 120)).toEqual(['off_floor', 'two_devices', 'skew'])
    expect(marksOf(day!, '2026-11-25', 600)).toEqual(['no_out', 'off_floor', 'two_devices'])
  })
})

describe('the sheet of a day', () => {
  it('tells findings with their minutes', () => {
    expect(findingWord(line('a', { late_minutes: 12 }), 'late')).toBe('迟到 12 分')
    expect(findingWord(line('a', { early_minutes: 7 }), 'left_early')).toBe('早退 7 分')
    expect(findingWord(line('a'), 'shared_device')).toBe('多人同设备打卡')
  })
  it('counts whatever is not plainly there', () => {
    expect([line('a'), line('b', { kind: 'leave' }), line('c', { findings: ['late'] })].map(isException)).toEqual([false, true, true])
  })
  it('puts a correction behind what it corrects, and only the last that both signed holds', () => {
    const lines = [line('a'), line('b', { seat: 'Z2' }), line('c', { corrects_id: 'a' }), line('d', { corrects_id: 'c', state: 'proposed' }), line('e', { corrects_id: 'b', state: 'refused' })]
    expect(ordered(lines).map(({ line: one, depth, holds }) => [one.id, depth, holds])).toEqual([['a', 0, false], ['c', 1, true], ['d', 2, false], ['b', 0, true], ['e', 1, false]])
  })
  it('lets a frozen record be corrected once at a time', () => {
    const lines = [line('a'), line('c', { corrects_id: 'a', state: 'proposed' }), line('b', { state: 'closed' }), line('f')]
    expect(lines.map((one) => mayCorrect(one, lines))).toEqual([false, false, false, true])
  })
  it('holds its evidence while nothing is written', () => {
    const lines = [line('', { id: null, state: 'evidence' } as Partial<AttendanceLine>), line('', { id: null, seat: 'Z2', state: 'evidence' } as Partial<AttendanceLine>)]
    expect(ordered(lines)).toHaveLength(2)
  })
})
