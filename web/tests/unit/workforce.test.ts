import { describe, expect, it } from 'vitest'
import type { Finding, Shift } from '@/api/roster'
import type { AttendanceLine, Punch } from '@/api/workforce'
import { addDays, boundsOf, daysBetween, hm, hours, inMonths, mondayOf, weekdayOf } from '@/features/workforce/days'
import { byDay, marksOf } from '@/features/workforce/punches'
import { block, byWeight, coverOf, dropped, findingSentence, painted, shortNames, undone } from '@/features/workforce/roster'
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

const shift = (id: string, name: string, part: Partial<Shift> = {}): Shift => ({ id, name, from: '08:30', to: '17:30', lunch_from: null, lunch_to: null, minutes: 480, colour: 0, people: 2, archived: false, version: 1, ...part })
const cells = new Map([['2026-12-01 a', 'early'], ['2026-12-01 b', 'late'], ['2026-12-02 a', 'late']])

describe('a roster', () => {
  it('lets two shifts trade places when one is dropped on the other, and copies with Ctrl', () => {
    const from = { day: '2026-12-01', user: 'a' }
    expect(dropped(cells, 'early', from, { day: '2026-12-01', user: 'b' }, false)).toEqual([{ day: '2026-12-01', user_id: 'b', shift_id: 'early' }, { day: '2026-12-01', user_id: 'a', shift_id: 'late' }])
    expect(dropped(cells, 'early', from, { day: '2026-12-02', user: 'b' }, false)).toEqual([{ day: '2026-12-02', user_id: 'b', shift_id: 'early' }, { day: '2026-12-01', user_id: 'a', shift_id: null }])
    expect(dropped(cells, 'early', from, { day: '2026-12-02', user: 'b' }, true)).toEqual([{ day: '2026-12-02', user_id: 'b', shift_id: 'early' }])
    expect(dropped(cells, 'early', from, from, false)).toEqual([])
    expect(dropped(cells, 'late', null, { day: '2026-12-02', user: 'a' }, false)).toEqual([])
  })
  it('gives a block of cells one shift, and takes it back', () => {
    const spots = block(['2026-12-01', '2026-12-02'], ['a', 'b'], { day: '2026-12-02', user: 'b' }, { day: '2026-12-01', user: 'a' })
    expect(spots).toHaveLength(4)
    const changes = painted(cells, spots, 'late')
    expect(changes).toEqual([{ day: '2026-12-01', user_id: 'a', shift_id: 'late' }, { day: '2026-12-02', user_id: 'b', shift_id: 'late' }])
    expect(undone(cells, changes)).toEqual([{ day: '2026-12-01', user_id: 'a', shift_id: 'early' }, { day: '2026-12-02', user_id: 'b', shift_id: null }])
  })
  it('counts who is there, and the fewest at their seats while some are at lunch', () => {
    const roster = {
      cells: ['a', 'b', 'c'].map((user_id, i) => ({ day: '2026-12-01', user_id, shift_id: i < 2 ? 'one' : 'two' })),
      shifts: [shift('one', '午休一轮', { lunch_from: '12:00', lunch_to: '13:00' }), shift('two', '午休二轮', { lunch_from: '12:30', lunch_to: '13:30' })],
      leave: [],
    }
    expect(coverOf(roster, '2026-12-01', new Set())).toEqual({ there: 3, lunch: 0 })
    expect(coverOf({ ...roster, leave: [{ day: '2026-12-01', user_id: 'c', part: 'day', kind: null }] }, '2026-12-01', new Set(['2026-12-01 b']))).toEqual({ there: 1, lunch: 0 })
    expect(coverOf(roster, '2026-12-02', new Set())).toEqual({ there: 0, lunch: null })
  })
  it('has short names that tell its shifts apart', () => {
    expect(shortNames([shift('a', '早班'), shift('b', '晚班')])).toEqual({ a: '早', b: '晚' })
    expect(shortNames([shift('a', '午休一轮'), shift('b', '午休二轮')])).toEqual({ a: '一', b: '二' })
    expect(shortNames([shift('a', '早班'), shift('b', '早班')])).toEqual({ a: '1', b: '2' })
    expect(shortNames([shift('a', '午休一轮'), shift('b', '午休二轮'), shift('c', '常日班')])).toEqual({ a: '一', b: '二', c: '常' })
  })
  it('says a breach in words, hours as hours', () => {
    const found = { day: '2026-12-02', rule: 'rest', user_id: 'a', is: 570, limit: 660, hard: true, text: '' } as Finding
    expect(findingSentence(found, () => '陈晓雯')).toMatch(/陈晓雯.*12-02.*9\.5 小时.*11 小时/)
    expect(byWeight([{ ...found, hard: false, day: '2026-12-01' }, found]).map((one) => one.hard)).toEqual([true, false])
  })
})
