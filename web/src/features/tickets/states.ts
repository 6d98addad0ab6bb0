import type { Priority } from '@/api/types'

/** As on the wire, in the order of the life (domain B.3). */
export const TICKET_STATES = [
  'draft', 'pending_sign', 'in_handling', 'suspended', 'pending_review', 'replied', 'closed', 'returned', 'rejected', 'merged', 'void', 'archived',
] as const
export type TicketState = (typeof TICKET_STATES)[number]
/** What a list can be narrowed to beside one state. */
export const STATE_GROUPS = ['open', 'ended'] as const

const TONES: Partial<Record<string, string>> = {
  draft: 'amber', pending_sign: 'amber', in_handling: 'blue', pending_review: 'violet', replied: 'green',
}
export const toneOf = (state: string): string => TONES[state] ?? ''

export const priorityTone: Record<Priority, string> = { normal: '', urgent: 'amber', critical: 'red' }

/** The state filter of a list as the server takes it. */
export function stateQuery(state: string | undefined): { open?: boolean; state?: string } {
  if (state === 'open' || state === 'ended') return { open: state === 'open' }
  return state ? { state } : {}
}
