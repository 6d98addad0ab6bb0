// Times and sizes, as in the console; days and hours in the service's zone.
import { shortTime } from '../../src/lib/format'
import type { Words } from './words'

export { shortTime }

/** 14:05 */
export const hour = (at: string): string => shortTime(at).slice(-5)
const dayOf = (at: string | number): string => shortTime(new Date(at)).slice(0, -6)

/** Which day a message belongs to, and the word over it. */
export const sameDay = (a: string, b: string): boolean => dayOf(a) === dayOf(b)
export function dayName(at: string, words: Words, now = Date.now()): string {
  const day = dayOf(at)
  if (day === dayOf(now)) return words.today
  if (day === dayOf(now - 86_400_000)) return words.yesterday
  return day
}

export function bytes(n: number): string {
  if (n < 1024) return `${n} B`
  if (n < 1024 * 1024) return `${Math.round(n / 1024)} KB`
  const mb = n / 1024 / 1024
  return `${mb < 10 ? Math.round(mb * 10) / 10 : Math.round(mb)} MB`
}
