// What stands beside a ticket: escalations, 请示 and 报告, mass incidents, emergencies.
import type { CaseNotice, Emergency, Escalation, EscalationLevel, Incident, Instruction, Reach } from '@/api/types'
import type { Timed } from '@/features/tickets/due'

/** As on the wire, in the order of the life. */
export const CASE_STATES = {
  escalation: ['raised', 'answered', 'closed'],
  instruction: ['draft', 'submitted', 'returned', 'replied', 'received', 'closed'],
  incident: ['open', 'closing', 'closed'],
  emergency: ['raised', 'followed_up', 'closed'],
} as const
export type CaseKind = keyof typeof CASE_STATES

const TONES: Record<CaseKind, Partial<Record<string, string>>> = {
  escalation: { raised: 'amber', answered: 'green' },
  instruction: { draft: '', submitted: 'amber', returned: 'red', replied: 'green', received: 'green' },
  incident: { open: 'amber', closing: 'violet' },
  emergency: { raised: 'red', followed_up: 'amber' },
}
export const caseTone = (kind: CaseKind, state: string): string => TONES[kind][state] ?? ''

/** The clock of a case as the due text reads it. `since` is when this step began, as far as the server tells. */
const timed = (one: { open: boolean; due_at: string | null }, since: string | null): Timed =>
  ({ state: '', open: one.open, due_at: one.due_at, opened_at: since })

/** Who rose to a level above the first came there at a time that the list does not tell. */
export const escalationTimed = (one: Escalation): Timed =>
  timed(one, one.state === 'answered' ? one.answered_at : one.level === 1 && one.reminders === 0 ? one.raised_at : null)

export function instructionTimed(one: Instruction): Timed {
  const since: Record<string, string | null> = { draft: one.created_at, submitted: one.submitted_at, replied: one.replied_at, received: one.replied_at }
  return timed(one, since[one.state] ?? null)
}
export const incidentTimed = (one: Incident): Timed => timed(one, one.state === 'closing' ? one.closing_at : null)

/** The report before the last is known only while it is the first. */
export const emergencyTimed = (one: Emergency): Timed => timed(one, one.state === 'raised' ? one.raised_at : null)

/** The highest level that somebody with these roles stands on; 0 for none. */
export const rankOf = (levels: EscalationLevel[], roles: readonly string[]): number =>
  Math.max(0, ...levels.filter((one) => roles.includes(one.role)).map((one) => one.level))

/** The level that an escalation by somebody with these roles goes to first: the one above his own, as on the server. */
export function firstLevel(levels: EscalationLevel[], roles: readonly string[]): EscalationLevel | undefined {
  const own = rankOf(levels, roles)
  return levels.find((one) => one.level > own) ?? levels.find((one) => one.level === own)
}

/** What may be done to an escalation by somebody on this level, in the order of the buttons. */
export function escalationSteps(one: Pick<Escalation, 'state' | 'level'>, levels: EscalationLevel[], rank: number, may: { answer: boolean; close: boolean }) {
  const steps: ('answer' | 'close' | 'promote')[] = []
  if (may.answer && one.state === 'raised' && rank >= one.level) steps.push('answer')
  if (may.close && one.state === 'answered') steps.push('close')
  if (may.close && one.state !== 'closed' && levels.some((level) => level.level > one.level)) steps.push('promote')
  return steps
}

/** What may be done to a document, in the order of the buttons. */
export function instructionSteps(one: Pick<Instruction, 'state' | 'kind'>, may: { write: boolean; reply: boolean }) {
  const steps: ('submit' | 'edit' | 'reply' | 'receive' | 'return' | 'close')[] = []
  if (may.write && (one.state === 'draft' || one.state === 'returned')) steps.push('submit', 'edit')
  if (may.reply && one.state === 'submitted') steps.push(one.kind === 'report' ? 'receive' : 'reply', 'return')
  if (may.write && (one.state === 'replied' || one.state === 'received')) steps.push('close')
  return steps
}

/** What may be done to an emergency, in the order of the buttons; `report` is how far that right reaches. */
export function emergencySteps(one: Pick<Emergency, 'open' | 'reported_by'>, report: Reach | null, me: string | undefined): ('follow_up' | 'close')[] {
  const mine = report === 'own' ? one.reported_by?.id === me : report !== null
  return one.open && mine ? ['follow_up', 'close'] : []
}

/** What this person's screen still owes: that it showed the reports, and that he says he has them. */
export function owedProof(deliveries: CaseNotice[], me: string | undefined): { shown: boolean; known: boolean } {
  const mine = deliveries.filter((one) => one.user_id === me && one.way === 'console')
  return { shown: mine.some((one) => one.arrived_at === null), known: mine.some((one) => one.acknowledged_at === null) }
}

export interface Arrival { reason: string; at: string; told: number; arrived: number; acknowledged: number; missing: string[] }

/** Report by report, the newest first: how many people were to be told, and who has no proof of arrival by any way. */
export function arrivals(deliveries: CaseNotice[]): Arrival[] {
  const reports = new Map<string, CaseNotice[]>()
  for (const one of deliveries) {
    // A reminder that a report is late is no report.
    if (!['raised', 'followed_up', 'closed'].includes(one.reason)) continue
    const key = `${one.made_at} ${one.reason}`
    reports.set(key, [...(reports.get(key) ?? []), one])
  }
  const found = [...reports.values()].map((rows) => {
    const people = [...new Set(rows.map((row) => row.user_id))].map((id) => rows.filter((row) => row.user_id === id))
    const missing = people.filter((ways) => ways.every((way) => way.arrived_at === null))
    return {
      reason: rows[0]!.reason, at: rows[0]!.made_at, told: people.length, arrived: people.length - missing.length,
      acknowledged: people.filter((ways) => ways.some((way) => way.acknowledged_at !== null)).length,
      missing: missing.map((ways) => ways[0]!.person?.name ?? '').filter(Boolean),
    }
  })
  return found.sort((a, b) => b.at.localeCompare(a.at))
}
