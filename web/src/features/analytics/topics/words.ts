// How topics are written and coloured, the same on every page.
export const STATE_TONES: Record<string, string> = { found: 'amber', reviewed: 'blue', published: 'green', dropped: '', merged: '' }
export const RISE_TONES: Record<string, string> = { day: 'red', week: 'amber', slow: 'violet', flat: '' }
/** Hundredths as a number with two places: 285 → 2.85. */
export const hundredths = (n: number): string => (n / 100).toFixed(2)
/** Thousandths of a deviation: 660 → 0.66. */
export const deviations = (n: number): string => `${n > 0 ? '+' : ''}${(n / 1000).toFixed(2)}`
/** The days of the periods that are compared, the oldest first. */
export function periods(from: string, until: string, many: number): string[] {
  const days = Math.round((Date.parse(until) - Date.parse(from)) / 86_400_000) + 1
  return Array.from({ length: many }, (_, n) => new Date(Date.parse(from) - (many - 1 - n) * days * 86_400_000).toISOString().slice(0, 10))
}
export function daysOf(from: string, many: number): string[] {
  return Array.from({ length: many }, (_, n) => new Date(Date.parse(from) + n * 86_400_000).toISOString().slice(0, 10))
}
