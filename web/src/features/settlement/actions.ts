// What may be done with a statement as it stands, by what somebody's roles allow; the server judges again.
import { P } from '@/api/permissions'
import type { Statement } from '@/api/settlement'
import { CONFIRMED } from './words'

export type StatementAction = 'draw' | 'check' | 'send_back' | 'submit' | 'begin' | 'confirm' | 'confirm_partly' | 'reject' | 'invoice' | 'hand_in' | 'receive' | 'return_invoice' | 'pay' | 'close' | 'recount'
type Standing = Pick<Statement, 'state' | 'sha256' | 'total_fen' | 'paid_fen'> & { /** The invoice that waits, or was received. */ invoice: string | null }

const within = (...states: string[]) => (one: Standing): boolean => states.includes(one.state)
/** In the order of their buttons: the first that is offered is the step that is next. */
const OFFERS: readonly { action: StatementAction; right: string; on: (one: Standing) => boolean }[] = [
  { action: 'submit', right: P.prepareStatements, on: within('internal_checked') },
  { action: 'check', right: P.checkStatements, on: (one) => one.state === 'draft' && one.sha256 !== null },
  { action: 'begin', right: P.reviewStatements, on: within('submitted') },
  { action: 'confirm', right: P.reviewStatements, on: within('under_review') },
  { action: 'confirm_partly', right: P.reviewStatements, on: within('under_review') },
  { action: 'invoice', right: P.prepareStatements, on: (one) => one.state === 'confirmed' && one.total_fen > 0 },
  { action: 'hand_in', right: P.prepareStatements, on: within('invoiced') },
  { action: 'receive', right: P.payStatements, on: (one) => one.state === 'invoiced' || (one.state === 'payment_due' && one.invoice === 'issued') },
  { action: 'pay', right: P.payStatements, on: within('payment_due') },
  // What comes to nothing is closed without an invoice.
  { action: 'close', right: P.prepareStatements, on: (one) => one.state === 'paid' || (one.state === 'confirmed' && one.total_fen <= 0) },
  { action: 'draw', right: P.prepareStatements, on: within('draft', 'rejected') },
  { action: 'recount', right: P.recountStatements, on: (one) => CONFIRMED.includes(one.state) },
  { action: 'send_back', right: P.checkStatements, on: within('internal_checked') },
  { action: 'reject', right: P.reviewStatements, on: within('under_review') },
  { action: 'return_invoice', right: P.payStatements, on: (one) => one.state === 'invoiced' || (one.state === 'payment_due' && one.paid_fen === 0) },
]
/** Those that undo somebody's work. */
export const GRAVE: readonly StatementAction[] = ['reject', 'send_back', 'return_invoice']

export const actionsOf = (one: Standing, can: (right: string) => boolean): StatementAction[] => OFFERS.filter((offer) => can(offer.right) && offer.on(one)).map((offer) => offer.action)
