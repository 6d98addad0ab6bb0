export const TICKET_STATES = ['open', 'draft', 'closed', 'void'] as const

export function toneOf(state: string): string {
  return state === 'open' ? 'blue' : state === 'draft' ? 'amber' : ''
}
