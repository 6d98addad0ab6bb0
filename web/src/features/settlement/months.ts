// The billing months of a contract: from its first day on, not by the calendar.

export interface BillingMonth { n: number; from: string; until: string }

const DAY = 86_400_000
/** The same day of the month `n` months on, or its last day where the month is shorter; counted from the first day, so that a contract of the 31st does not slip. */
function monthsOn(start: string, n: number): number {
  const [year, month, date] = start.split('-').map(Number) as [number, number, number]
  const last = new Date(Date.UTC(year, month - 1 + n + 1, 0)).getUTCDate()
  return Date.UTC(year, month - 1 + n, Math.min(date, last))
}
const text = (at: number): string => new Date(at).toISOString().slice(0, 10)

export const billingMonths = (start: string, months: number): BillingMonth[] =>
  Array.from({ length: months }, (_, i) => ({ n: i + 1, from: text(monthsOn(start, i)), until: text(monthsOn(start, i + 1) - DAY) }))
