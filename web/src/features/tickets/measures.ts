// What became of the requests that people took first: the lists behind the numbers, and the share in time.
import type { FirstOwnerMeasures } from '@/api/types'

export const MEASURES = ['taken', 'open', 'in_time', 'late', 'handed_on', 'reopened'] as const
export type MeasureName = (typeof MEASURES)[number]

/** The filters of the ticket list that show what was counted; the server says which. Its days are those of the page. */
export function listQuery(list: string, days: { from: string; to: string }): Record<string, string> {
  const { from: _from, to: _to, open, ...query } = Object.fromEntries(new URL(list, 'http://here').searchParams)
  // Without a state the list would narrow to what is open by itself.
  return { ...query, ...days, state: open === 'true' ? 'open' : '' }
}

/** Filters that a number brings along and no field of the list shows, with the measure they stand for. */
export function measureOf(filters: Record<string, string>): MeasureName | null {
  if (filters.in_time) return filters.in_time === 'true' ? 'in_time' : 'late'
  if (filters.handed_on === 'true') return 'handed_on'
  return filters.reopened === 'true' ? 'reopened' : null
}

/** Basis points of what was closed; null while nothing was. */
export function inTimeShare(one: Pick<FirstOwnerMeasures, 'in_time' | 'late'>): number | null {
  const closed = one.in_time.count + one.late.count
  return closed > 0 ? Math.round((one.in_time.count / closed) * 10_000) : null
}

/** Whoever took most first. */
export const ranked = (all: FirstOwnerMeasures[]): FirstOwnerMeasures[] =>
  [...all].sort((a, b) => b.taken.count - a.taken.count || (a.first_owner?.staff_no ?? '~').localeCompare(b.first_owner?.staff_no ?? '~'))

export const sum = (all: FirstOwnerMeasures[], name: MeasureName): number => all.reduce((total, one) => total + one[name].count, 0)
