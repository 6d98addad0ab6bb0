// The lead's view of what is owed: groups of open tickets, and who owes how much.
import type { Ticket } from '@/api/types'
import { bucketOf, dueOf } from './due'

export const RISKS = ['over', 'today', 'most', 'half', 'unsigned', 'transfer', 'asked', 'review', 'suspended', 'replied'] as const
/** `rest`: owed, neither over nor due today; a part of an owner's bar, no number of its own. */
export type Risk = (typeof RISKS)[number] | 'rest'

/** What was asked for and waits for a decision; a server that does not tell it in lists leaves it out. */
type Asking = Ticket & { asked?: string | null }
export const tellsAsked = (tickets: Asking[]): boolean => tickets.some((ticket) => ticket.asked !== undefined)

export function isAt(risk: Risk, ticket: Asking, now: number): boolean {
  switch (risk) {
    case 'over': return dueOf(ticket, now).level === 'over'
    case 'today': return bucketOf(ticket, now) === 'today'
    case 'most': return dueOf(ticket, now).level === 'most'
    case 'half': return dueOf(ticket, now).level === 'half'
    case 'unsigned': return ticket.state === 'pending_sign'
    case 'transfer': return ticket.transfer_to !== null
    case 'asked': return Boolean(ticket.asked)
    case 'review': return ticket.state === 'pending_review'
    case 'suspended': return ticket.state === 'suspended'
    case 'rest': return dueOf(ticket, now).level !== 'none' && !isAt('over', ticket, now) && !isAt('today', ticket, now)
    case 'replied': return ticket.state === 'replied'
  }
}

export interface Load { id: string; name: string; over: number; today: number; rest: number; total: number }

/** Who owes how much, the most pressed first. */
export function byOwner(tickets: Ticket[], now: number): Load[] {
  const loads = new Map<string, Load>()
  for (const ticket of tickets) {
    if (dueOf(ticket, now).level === 'none') continue
    const id = ticket.current_owner_id
    const load = loads.get(id) ?? { id, name: ticket.owner?.name ?? '—', over: 0, today: 0, rest: 0, total: 0 }
    const kind = isAt('over', ticket, now) ? 'over' : isAt('today', ticket, now) ? 'today' : 'rest'
    load[kind] += 1
    load.total += 1
    loads.set(id, load)
  }
  return [...loads.values()].sort((a, b) => b.over - a.over || b.today - a.today || b.total - a.total || a.name.localeCompare(b.name))
}
