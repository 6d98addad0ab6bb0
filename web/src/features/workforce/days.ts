// Days and months as the pages of workforce lay them out. Pure; days are text, 2026-11-24.

const DAY = 86_400_000
const at = (day: string): number => Date.parse(`${day}T00:00:00Z`)
const text = (moment: number): string => new Date(moment).toISOString().slice(0, 10)

export const addDays = (day: string, n: number): string => text(at(day) + n * DAY)
/** Monday is 1. */
export const weekdayOf = (day: string): number => ((new Date(at(day)).getUTCDay() + 6) % 7) + 1
export const mondayOf = (day: string): string => addDays(day, 1 - weekdayOf(day))
export const monthOf = (day: string): string => day.slice(0, 7)
export const inMonths = (month: string, n: number): string => new Date(Date.UTC(Number(month.slice(0, 4)), Number(month.slice(5)) - 1 + n, 1)).toISOString().slice(0, 7)

/** Every day from the first to the last. */
export function daysBetween(from: string, to: string): string[] {
  const days: string[] = []
  for (let moment = at(from); moment <= at(to); moment += DAY) days.push(text(moment))
  return days
}

/** The first and the last day of a month. */
export const boundsOf = (month: string): [string, string] => [`${month}-01`, addDays(`${inMonths(month, 1)}-01`, -1)]

/** Minutes as 7:30. */
export const hm = (minutes: number): string => `${Math.floor(minutes / 60)}:${String(Math.round(minutes % 60)).padStart(2, '0')}`
/** Minutes as hours with a decimal where it needs one: 450 → 7.5. */
export const hours = (minutes: number): string => String(Math.round(minutes / 6) / 10)
