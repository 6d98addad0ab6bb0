// A month of a roster as the grid shows and changes it. Pure: cells by day and person, what a gesture changes, who is
// there, the sentence of a breach.
import type { CellChange, Finding, Roster, Shift } from '@/api/roster'
import { t } from '@/i18n'
import { shortDay } from '@/lib/format'
import { hours } from './days'

export interface Spot { day: string; user: string }
export const spotKey = (day: string, user: string): string => `${day} ${user}`
export type Cells = ReadonlyMap<string, string>

export const cellsOf = (roster: Pick<Roster, 'cells'>): Cells => new Map(roster.cells.map((one) => [spotKey(one.day, one.user_id), one.shift_id]))

/** What a shift that was taken up at `from` and put down at `to` changes: the two trade places, `copy` leaves the first. */
export function dropped(cells: Cells, shift: string, from: Spot | null, to: Spot, copy: boolean): CellChange[] {
  if (from && from.day === to.day && from.user === to.user) return []
  const there = cells.get(spotKey(to.day, to.user)) ?? null
  const put: CellChange = { day: to.day, user_id: to.user, shift_id: shift }
  if (!from || copy) return there === shift ? [] : [put]
  return [put, { day: from.day, user_id: from.user, shift_id: there }]
}

/** What giving these cells one shift, or none, changes; cells that have it already are left out. */
export const painted = (cells: Cells, spots: readonly Spot[], shift: string | null): CellChange[] =>
  spots.filter((one) => (cells.get(spotKey(one.day, one.user)) ?? null) !== shift).map((one) => ({ day: one.day, user_id: one.user, shift_id: shift }))

/** The changes that take these back. */
export const undone = (cells: Cells, changes: readonly CellChange[]): CellChange[] => changes.map((one) => ({ ...one, shift_id: cells.get(spotKey(one.day, one.user_id)) ?? null }))

/** The cells between two corners. */
export function block(days: readonly string[], people: readonly string[], from: Spot, to: Spot): Spot[] {
  const [d1, d2] = [days.indexOf(from.day), days.indexOf(to.day)].sort((a, b) => a - b) as [number, number]
  const [p1, p2] = [people.indexOf(from.user), people.indexOf(to.user)].sort((a, b) => a - b) as [number, number]
  return people.slice(p1, p2 + 1).flatMap((user) => days.slice(d1, d2 + 1).map((day) => ({ day, user })))
}

const minuteOf = (time: string): number => Number(time.slice(0, 2)) * 60 + Number(time.slice(3, 5))
/** Somebody on this shift is at the seat at this minute of the day. */
function isOn(shift: Shift, minute: number): boolean {
  const within = (from: string, to: string): boolean => minuteOf(from) <= minute && minute < minuteOf(to)
  return within(shift.from, shift.to) && !(shift.lunch_from && shift.lunch_to && within(shift.lunch_from, shift.lunch_to))
}

export interface Cover { there: number; /** The fewest at their seats during anybody's turn at lunch; none where nobody has one. */ lunch: number | null }
/** Who is there on a day; who is on leave, or is said to be away, holds no seat. */
export function coverOf(roster: Pick<Roster, 'cells' | 'shifts' | 'leave'>, day: string, away: ReadonlySet<string>): Cover {
  const gone = new Set(roster.leave.filter((one) => one.day === day && one.part === 'day').map((one) => one.user_id))
  const here = roster.cells.filter((one) => one.day === day && !gone.has(one.user_id) && !away.has(spotKey(day, one.user_id)))
  const on = here.flatMap((one) => roster.shifts.find((shift) => shift.id === one.shift_id) ?? [])
  const turns = new Set(on.flatMap((shift) => (shift.lunch_from && shift.lunch_to ? [`${shift.lunch_from} ${shift.lunch_to}`] : [])))
  let lunch: number | null = null
  for (const turn of turns) {
    const [from, to] = turn.split(' ') as [string, string]
    for (let minute = minuteOf(from); minute < minuteOf(to); minute += 5) {
      const seats = on.filter((shift) => isOn(shift, minute)).length
      lunch = Math.min(lunch ?? seats, seats)
    }
  }
  return { there: here.length, lunch }
}

/** The letter that tells a shift from the others: 早班, 晚班 → 早, 晚; 午休一轮, 午休二轮 → 一, 二. Where one has none, all are numbered. */
export function shortNames(shifts: readonly Pick<Shift, 'id' | 'name'>[]): Record<string, string> {
  const own = (name: string, at: number): string | undefined => [...name].find((letter) => !shifts.some((other, i) => i !== at && other.name.includes(letter)))
  const letters = shifts.map((one, i) => own(one.name, i))
  const plain = letters.every(Boolean)
  return Object.fromEntries(shifts.map((one, i) => [one.id, plain ? letters[i]! : String(i + 1)]))
}

/** Why not, in the words of the console. */
export function findingSentence(one: Finding, nameOf: (id: string) => string): string {
  const counted = one.rule === 'rest' || one.rule === 'week_minutes'
  const number = (n: number): string => (counted ? hours(n) : String(n))
  return t(`roster_findings.${one.rule}`, { name: one.user_id ? nameOf(one.user_id) : '', day: shortDay(one.day), is: number(one.is), limit: number(one.limit) })
}
/** Those of one day and person, or of the day alone. */
export const findingsAt = (findings: readonly Finding[], day: string, user: string | null): Finding[] => findings.filter((one) => one.day === day && one.user_id === user)
/** Hard ones first, then by day. */
export const byWeight = (findings: readonly Finding[]): Finding[] => findings.toSorted((a, b) => Number(b.hard) - Number(a.hard) || a.day.localeCompare(b.day))

/** The breaches a refusal names. */
export const breachesOf = (extra: Record<string, unknown>): Finding[] => (Array.isArray(extra.breaches) ? (extra.breaches as Finding[]) : [])
