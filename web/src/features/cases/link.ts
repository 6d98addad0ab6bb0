// What can be linked to a mass incident.
import { linkTickets } from '@/api/cases'
import type { Ticket } from '@/api/types'

/** A draft is no request yet, a void one never was; who belongs to an incident stays there. */
export const linkable = (ticket: Pick<Ticket, 'state' | 'incident_id'>): boolean => !ticket.incident_id && !['draft', 'void'].includes(ticket.state)

/** Links all of these that can be; nothing is asked when none can. */
export async function linkedAtOnce(incident: string, tickets: Ticket[]): Promise<number> {
  const ids = tickets.filter(linkable).map((ticket) => ticket.id)
  if (ids.length > 0) await linkTickets(incident, ids)
  return ids.length
}
