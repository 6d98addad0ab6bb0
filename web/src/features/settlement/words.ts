// Words and tones of settlement: where things stand, what happened, whose step it is.
import type { Statement } from '@/api/settlement'
import { has, t } from '@/i18n'
import type { Timed } from '@/features/tickets/due'

export const STATEMENT_TONES: Record<string, string> = {
  draft: '', internal_checked: 'blue', submitted: 'amber', under_review: 'amber', rejected: 'red', confirmed: 'green', invoiced: 'violet', payment_due: 'amber', paid: 'green', closed: '',
}
export const SHEET_TONES: Record<string, string> = { submitted: 'amber', signed: 'green', returned: 'red' }
export const CONTRACT_TONES: Record<string, string> = { draft: 'amber', signed: 'green' }
export const ADJUSTMENT_TONES: Record<string, string> = { proposed: 'amber', agreed: 'blue', refused: '', settled: 'green' }
export const INVOICE_TONES: Record<string, string> = { issued: 'amber', received: 'green', returned: 'red' }
export const PRESENCE_TONES: Record<string, string> = {
  present: 'green', half_day: 'amber', late: 'amber', substitute: 'blue', purchaser_training: 'violet', paid_leave: '', sick_leave: '', unpaid_leave: 'red', overtime: 'violet', absent: 'red',
}

/** The way of a statement; what was rejected stands beside it and goes back to its beginning. */
export const WAY = ['draft', 'internal_checked', 'submitted', 'under_review', 'confirmed', 'invoiced', 'payment_due', 'paid', 'closed'] as const
/** Whose step is next. */
export const NEXT_BY: Record<string, 'supplier' | 'purchaser' | null> = {
  draft: 'supplier', internal_checked: 'supplier', submitted: 'purchaser', under_review: 'purchaser', rejected: 'supplier', confirmed: 'supplier', invoiced: 'purchaser', payment_due: 'purchaser', paid: 'supplier', closed: null,
}
/** States in which the purchaser's review runs. */
export const IN_REVIEW: readonly string[] = ['submitted', 'under_review']
/** States in which what is billed no longer changes. */
export const CONFIRMED: readonly string[] = ['confirmed', 'invoiced', 'payment_due', 'paid', 'closed']

const known = (key: string, code: string): string => (has(`${key}.${code}`) ? t(`${key}.${code}`) : code)
/** What happened, in words; one word may have another meaning for another kind of thing. */
export function lineWord(kind: string, action: string): string {
  const own = `settlement_lines.${kind}.${action}`
  return has(own) ? t(own) : known('settlement_lines.any', action)
}

/** The clock of a statement: of the review since its submission; when the one of the payment began is not told. */
export const clockOf = (one: Pick<Statement, 'state' | 'due_at' | 'submitted_at'>): Timed => ({ state: '', open: one.due_at !== null, due_at: one.due_at, opened_at: IN_REVIEW.includes(one.state) ? one.submitted_at : null })
