// The reviewer's own marks, line by line, until he decides: kept in this browser, for the round they were made in.
import type { NewObjection, StatementLine } from '@/api/settlement'
import { fen } from '@/features/personnel/words'
import { keyOf } from './lines'

/** What is objected to: a line by its key, or the whole where that is empty. */
export interface ObjectionDraft { line: string; said: string; /** Yuan that are held to be right, as typed. */ amount: string }
export interface Marks { accepted: string[]; objected: ObjectionDraft[] }

const none = (): Marks => ({ accepted: [], objected: [] })
const placeOf = (statement: string, round: number): string => `shoujie.review.${statement}.${round}`
export function readMarks(statement: string, round: number): Marks {
  try {
    const kept = JSON.parse(localStorage.getItem(placeOf(statement, round)) ?? 'null') as Marks | null
    return kept && Array.isArray(kept.accepted) && Array.isArray(kept.objected) ? kept : none()
  } catch {
    return none()
  }
}
export const keepMarks = (statement: string, round: number, marks: Marks): void => localStorage.setItem(placeOf(statement, round), JSON.stringify(marks))
export const forgetMarks = (statement: string, round: number): void => localStorage.removeItem(placeOf(statement, round))

export type Mark = 'accepted' | 'objected' | 'open'
export function markOf(marks: Marks, line: Pick<StatementLine, 'month' | 'seat'>): Mark {
  const key = keyOf(line)
  if (marks.objected.some((one) => one.line === key)) return 'objected'
  return marks.accepted.includes(key) ? 'accepted' : 'open'
}
/** These lines accepted: whatever was objected to them falls away. */
export function accepted(marks: Marks, lines: readonly Pick<StatementLine, 'month' | 'seat'>[]): Marks {
  const keys = lines.map(keyOf)
  return { accepted: [...new Set([...marks.accepted, ...keys])], objected: marks.objected.filter((one) => !keys.includes(one.line)) }
}
/** Objected to: no longer accepted; a second objection to the same line takes the place of the first. */
export function objected(marks: Marks, draft: ObjectionDraft): Marks {
  return { accepted: marks.accepted.filter((key) => key !== draft.line), objected: [...marks.objected.filter((one) => one.line !== draft.line), draft] }
}
/** Looked at by nobody again. */
export const reopened = (marks: Marks, key: string): Marks => ({ accepted: marks.accepted.filter((one) => one !== key), objected: marks.objected.filter((one) => one.line !== key) })

/** Drafts as the server takes them; null where an amount is none. Those without a word are left out. */
export function objectionsOf(drafts: readonly ObjectionDraft[]): NewObjection[] | null {
  const said = drafts.filter((one) => one.said.trim())
  const sent: NewObjection[] = []
  for (const one of said) {
    const amount = one.amount.trim() ? fen(one.amount) : undefined
    if (amount === null) return null
    const [month, seat] = one.line.split('/').map(Number)
    sent.push({ said: one.said.trim(), ...(one.line ? { month: month!, seat: seat! } : {}), ...(amount === undefined ? {} : { amount_fen: amount }) })
  }
  return sent
}
