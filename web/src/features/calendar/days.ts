import type { DayKind } from '@/api/types'

/** What a day is when nobody says otherwise. */
export function weekdayKind(date: string): DayKind {
  const weekday = new Date(`${date}T00:00:00Z`).getUTCDay()
  return weekday === 0 || weekday === 6 ? 'rest' : 'workday'
}

/** Empty cells before the first of a month in a week that begins on Monday. */
export function leading(year: number, month: number): number {
  return (new Date(Date.UTC(year, month - 1, 1)).getUTCDay() + 6) % 7
}
