// Moments in forms: what a picker holds is a time on the wall of the service, whatever the desktop is set to.
import { clockTime, day, dayStart } from '@/lib/format'

/** `2026-11-26T09:30` for a picker; empty for nothing. */
export const wallTime = (at: unknown): string => (typeof at === 'string' && at ? `${day(at)}T${clockTime(at, false)}` : '')

/** The instant of a time on the wall, as RFC 3339. */
export function instantOf(wall: string | null | undefined): string {
  const [, date, hours, minutes] = /^(\d{4}-\d\d-\d\d)T(\d\d):(\d\d)/.exec(wall ?? '') ?? []
  return date ? new Date(Date.parse(dayStart(date)) + (Number(hours) * 60 + Number(minutes)) * 60_000).toISOString() : ''
}
