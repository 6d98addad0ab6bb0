// Where a change stands, and what may be done to it by whom: nothing holds without the purchaser.
import type { Approval, ApprovalState, ApprovalVerb } from '@/api/knowledge'
import type { Timed } from '@/features/tickets/due'
import { has, t } from '@/i18n'

const TONES: Partial<Record<ApprovalState, string>> = {
  draft: '', submitted: 'amber', returned: 'red', approved: 'blue', pending_ratification: 'amber', effective: 'green', paused: 'violet',
}
export const approvalTone = (state: ApprovalState): string => TONES[state] ?? ''

/** The clock of a decision or a ratification, as the due text reads it. */
export const approvalTimed = (one: Pick<Approval, 'state' | 'due_at' | 'submitted_at'>): Timed => ({
  state: '', open: one.state === 'submitted' || one.state === 'pending_ratification', due_at: one.due_at, opened_at: one.submitted_at,
})

export interface May {
  /** Writes: all, or with `own` what is his. */
  write: boolean
  own: boolean
  emergency: boolean
  decide: boolean
  me: string | undefined
}

/** The verbs that are open to somebody, the nearest first; the server judges by the same table (knowledge `approval`). */
export function verbsOf(one: Pick<Approval, 'state' | 'author'> & Partial<Pick<Approval, 'submitted_by'>>, may: May): ApprovalVerb[] {
  const writes = may.write && (!may.own || one.author?.id === may.me)
  const verbs: ApprovalVerb[] = []
  switch (one.state) {
    case 'draft':
    case 'returned': {
      // Who sent it back waits: what becomes of it is the other side's.
      const goesOn = writes && (one.state === 'draft' || !may.decide || [one.author?.id, one.submitted_by?.id].includes(may.me))
      if (goesOn) verbs.push('submit')
      if (may.emergency && one.state === 'draft') verbs.push('emergency')
      if (goesOn) verbs.push('discard')
      break
    }
    case 'submitted':
      if (may.decide) verbs.push('approve', 'return')
      // Who decides does not take back what the other side asks.
      if (writes && (!may.decide || [one.author?.id, one.submitted_by?.id].includes(may.me))) verbs.push('recall')
      if (may.emergency) verbs.push('emergency')
      break
    case 'pending_ratification':
      if (may.decide) verbs.push('ratify', 'refuse')
      break
    case 'effective':
      if (may.decide) verbs.push('review', 'withdraw')
      break
    case 'approved':
    case 'paused':
      if (may.decide) verbs.push('withdraw')
  }
  return verbs
}

const OVER: readonly ApprovalState[] = ['withdrawn', 'expired', 'superseded']
interface Standing { state: ApprovalState; in_force: { approval: Approval } | null; working: { approval: Approval } | null }
/** A later version that is over stands no more beside the one that holds: that one is read, decided about and revised. */
export function standing<T extends Standing>(one: T): T {
  if (!one.in_force || !one.working || !OVER.includes(one.working.approval.state)) return one
  return { ...one, state: one.in_force.approval.state, working: null }
}

/** What stops or ends something is not done in passing. */
export const DANGER: readonly ApprovalVerb[] = ['discard', 'refuse', 'withdraw', 'emergency']

/** A line of the trail in words; an action of tomorrow shows its code. */
export const actionWord = (action: string): string => (has(`approval_actions.${action}`) ? t(`approval_actions.${action}`) : action)

/** A draft can be written on; of what is decided a new version is begun. Under approval neither. */
export function editing(working: Pick<Approval, 'state' | 'author'> | null, may: May): 'edit' | 'revise' | null {
  if (!may.write) return null
  if (!working) return 'revise'
  if (working.state === 'submitted' || working.state === 'approved') return null
  if (working.state !== 'draft' && working.state !== 'returned') return 'revise'
  return may.own && working.author?.id !== may.me ? null : 'edit'
}
