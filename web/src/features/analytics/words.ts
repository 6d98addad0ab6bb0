// How indicators read: values in their unit, names and formulas in the language of the console.
import type { KpiFigure, KpiView } from '@/api/kpis'
import { duration } from '@/lib/format'

export const TONES: Record<KpiFigure['standing'], string> = { met: 'green', missed: 'red', watched: '', no_data: '' }

/** What contacts and tickets tell, which goes along every way and opens its rows. */
export const SUMMED: readonly string[] = ['k01', 'k02', 'k03', 'k04', 'k05', 'k06', 'k07', 'k08', 'k09', 'k15', 'k16', 'k17', 'k18', 'k19', 'k20', 'k21', 'k22']
/** Of tickets: neither half-hours nor queues. */
export const OF_TICKETS: readonly string[] = ['k20', 'k21', 'k22']
/** Counted for each matter, on another page. */
export const OF_TOPICS: readonly string[] = ['k26', 'k27']

/** The groups of the dashboard. */
export const KPI_GROUPS = {
  calls: ['k01', 'k02', 'k03', 'k04', 'k05', 'k06', 'k07', 'k08', 'k09', 'k10'],
  chats: ['k15', 'k16', 'k17'],
  service: ['k18', 'k19', 'k20', 'k21', 'k22', 'k23', 'k24', 'k25'],
  people: ['k11', 'k12', 'k13', 'k14', 'k28', 'k29', 'k30', 'k31', 'k32'],
} as const
/** What the contract is held to, for the first page. */
export const CONTRACT_KPIS = ['k01', 'k02', 'k04', 'k18', 'k19', 'k20', 'k28'] as const

/** A value in its unit: `95.24%`, `1:07`, `3`. */
export function shown(unit: KpiView['unit'], value: number | null): string {
  if (value === null) return '—'
  if (unit === 'basis_points') return `${(value / 100).toFixed(2)}%`
  if (unit === 'milliseconds') return value < 60_000 ? `${(value / 1_000).toFixed(1)} s` : duration(Math.round(value / 1_000))
  if (unit === 'hundredths') return (value / 100).toFixed(2)
  return String(value)
}

/** Shares of time: both sides of the line are milliseconds. */
const OF_TIME: readonly string[] = ['k11', 'k12', 'k13', 'k14']
/** What stands above and below the line, in the unit of the indicator: `19:20 / 614`, `456 / 480`. */
export const line = (kpi: string, unit: KpiView['unit'], above: number, below: number): string => sides(kpi, unit, above, below).join(' / ')
/** The same, one by one. */
export function sides(kpi: string, unit: KpiView['unit'], above: number, below: number): [string, string] {
  if (OF_TIME.includes(kpi)) return [shown('milliseconds', above), shown('milliseconds', below)]
  return [unit === 'milliseconds' ? shown(unit, above) : String(above), String(below)]
}

/** What is asked: `≥ 95%`, `≤ 15 s`, `75% – 85%`. */
export function asked(view: Pick<KpiView, 'unit' | 'direction'>, target: number | null, upper: number | null): string {
  if (target === null) return ''
  if (view.direction === 'within' && upper !== null) return `${shown(view.unit, target)} – ${shown(view.unit, upper)}`
  return `${view.direction === 'at_most' ? '≤' : '≥'} ${shown(view.unit, target)}`
}

/** Control limits of single values (XmR): the mean, and 2.66 mean moving ranges to either side. Too few values have none. */
export function limits(values: readonly number[]): { mean: number; low: number; high: number } | null {
  if (values.length < 6) return null
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  const ranges = values.slice(1).map((value, i) => Math.abs(value - values[i]!))
  const moving = ranges.reduce((sum, value) => sum + value, 0) / ranges.length
  return { mean, low: Math.max(0, mean - 2.66 * moving), high: mean + 2.66 * moving }
}
