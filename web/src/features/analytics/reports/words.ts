// Words and tones of reports, and how a figure is read: as the server prints it.
import type { FigureUnit, Report } from '@/api/reports'
import { has, t } from '@/i18n'
import type { Timed } from '@/features/tickets/due'

export const REPORT_TONES: Record<string, string> = { draft: 'amber', submitted: 'violet', checked: 'blue', released: 'green', superseded: '', discarded: '' }
export const STANDING_TONES: Record<string, string> = { met: 'green', missed: 'red', watched: '', no_data: '' }
/** The way of a report. */
export const REPORT_WAY = ['draft', 'submitted', 'checked', 'released'] as const
/** Colours of the rows of values of a chart, the same on every page. */
export const SERIES_TOKENS = ['--c-primary', '--c-warning-line', '--c-success', '--c-violet', '--shift-4'] as const

export const lineWord = (action: string): string => (has(`report_lines.${action}`) ? t(`report_lines.${action}`) : action)

/** The clock of a report that is not out: from its draft to its release. */
export const clockOf = (one: Pick<Report, 'due_at' | 'drafted_at'>): Timed => ({ state: '', open: one.due_at !== null, due_at: one.due_at, opened_at: one.drafted_at })

const UNITS: Record<FigureUnit, { by: number; digits: number; word: string }> = {
  basis_points: { by: 100, digits: 2, word: '%' },
  milliseconds: { by: 1_000, digits: 1, word: '秒' },
  count: { by: 1, digits: 0, word: '' },
  hundredths: { by: 100, digits: 2, word: '' },
}
/** As a chart draws it. */
export const drawn = (unit: FigureUnit, value: number | null): number | null => (value === null ? null : value / UNITS[unit].by)
/** What stands behind its numbers. */
export const unitWord = (unit: FigureUnit): string => (unit === 'milliseconds' ? t('reports.seconds') : UNITS[unit].word)
/** A value of a chart as it is read. */
export function read(unit: FigureUnit, value: number | null): string {
  if (value === null) return '—'
  const { by, digits } = UNITS[unit]
  const number = (value / by).toFixed(digits)
  const word = unitWord(unit)
  return unit === 'milliseconds' ? `${number} ${word}` : `${number}${word}`
}
