// How scores and their parts are written, the same on every page.
import type { PerformanceRow } from '@/api/performance'
import { has, t } from '@/i18n'
import { duration, percent } from '@/lib/format'
import { line } from '../words'

export const STATE_TONES: Record<string, string> = { calculated: 'amber', checked: 'blue', released: 'green', final: '' }
export const PLAN_TONES: Record<string, string> = { open: 'amber', measured: 'blue', reached: 'green', missed: 'red' }
/** Hundredths of a point: 9750 → 97.50. */
export const points = (n: number | null): string => (n === null ? '—' : (n / 100).toFixed(2))
/** A score; of whom nothing was measured there is none. */
export const score = (sheet: { total: number; weight: number; vetoed: boolean }): string => (sheet.weight || sheet.vetoed ? points(sheet.total) : '—')
export const isLow = (sheet: { total: number; weight: number; vetoed: boolean }): boolean => sheet.vetoed || (sheet.weight > 0 && sheet.total < 6_000)

/** Indicators that are told in milliseconds, and those that are counted; the others are shares in basis points. */
const TIMES = ['k05', 'k06', 'k07', 'k08', 'k09', 'k15', 'k17']
const COUNTS = ['k31']
export const indicatorWord = (code: string): string => (has(`indicators.${code}`) ? t(`indicators.${code}`) : code.toUpperCase())
export function valueOf(indicator: string, value: number | null): string {
  if (value === null) return '—'
  if (TIMES.includes(indicator)) return duration(value / 1000)
  return COUNTS.includes(indicator) ? String(value) : percent(value)
}
/** What stands above and below the line, as it was measured. */
/** Minutes at the seat of the minutes of the roster. */
const minutes = (n: number): string => duration(n * 60)
export const lineOf = (row: PerformanceRow): string => (row.denominator && row.indicator === 'attendance' ? `${minutes(row.numerator)} / ${minutes(row.denominator)}` : row.denominator ? line(row.indicator, TIMES.includes(row.indicator) ? 'milliseconds' : 'count', row.numerator, row.denominator) : row.value === null ? '—' : String(row.numerator))
/** How its points came about, in words. */
export function formula(row: PerformanceRow): string {
  if (row.value === null) return t('performance.not_measured')
  const [target, floor] = [valueOf(row.indicator, row.target), valueOf(row.indicator, row.floor)]
  switch (row.method) {
    case 'veto': return t('performance.formula_veto', { floor })
    case 'step': return row.steps.map((step) => t('performance.formula_step', { from: valueOf(row.indicator, step.from), percent: step.percent })).join(t('punctuation.phrase'))
    default: return t('performance.formula_linear', { weight: row.weight, target, floor })
  }
}
/** The months of a year and a half, the latest first. */
export function months(today: string): string[] {
  const [year, month] = today.split('-').map(Number)
  return Array.from({ length: 18 }, (_, n) => new Date(Date.UTC(year!, month! - 1 - n, 1)).toISOString().slice(0, 7))
}
