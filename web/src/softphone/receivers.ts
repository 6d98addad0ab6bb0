// To whom a call can go. Who sees the floor reads it there; who does not, learns it from the ticket of the call.
import { floor as fetchFloor } from '@/api/floor'
import { P } from '@/api/permissions'
import { receivers as ofTicket } from '@/api/tickets'
import { AGENT_STATES, type AgentStateName, type CallParty, type Colleague, type Id } from '@/api/types'
import { matches } from '@/lib/pinyin'
import { useSession } from '@/stores/session'

export interface Receiver extends Colleague { state: AgentStateName | null }
export interface Choice { key: string; party: CallParty; name: string; note: string; state: AgentStateName | null; kind: 'agent' | 'queue' | 'number' }

export async function receivers(ticket: Id | null): Promise<Receiver[]> {
  const session = useSession()
  const me = session.user?.id
  if (session.can(P.viewFloor)) {
    const { agents } = await fetchFloor()
    return agents.filter(({ id }) => id !== me).map(({ id, name, staff_no, state }) => ({ id, name, staff_no: staff_no ?? null, state }))
  }
  if (!ticket) return []
  const { items } = await ofTicket(ticket)
  return items.filter(({ id, state }) => id !== me && state).map(({ id, name, staff_no, state }) => ({ id, name, staff_no: staff_no ?? null, state: (state as AgentStateName | null) ?? null }))
}

const NUMBER = /^\+?[\d\s-]{3,20}$/
/** Who is free comes first, who has signed out last. */
const place = (state: AgentStateName | null): number => (state === null || state === 'signed_out' ? AGENT_STATES.length : AGENT_STATES.indexOf(state))

/** What fits what was typed: a name, its initials, a staff number, a queue, a number to be called. */
export function choices(query: string, people: readonly Receiver[], queues: readonly { code: string; name: string }[]): Choice[] {
  const q = query.trim()
  const agents = people
    .filter((one) => matches(q, one.name, one.staff_no ?? ''))
    .toSorted((a, b) => place(a.state) - place(b.state) || (a.staff_no ?? '').localeCompare(b.staff_no ?? ''))
    .map((one): Choice => ({ key: one.id, kind: 'agent', party: { agent: one.id }, name: one.name, note: one.staff_no ?? '', state: one.state }))
  const lines = queues
    .filter((one) => matches(q, one.name, one.code))
    .map((one): Choice => ({ key: one.code, kind: 'queue', party: { queue: one.code }, name: one.name, note: '', state: null }))
  const number = q.replace(/[\s-]/g, '')
  const dialled: Choice[] = NUMBER.test(q) && number.length >= 3 ? [{ key: 'number', kind: 'number', party: { number }, name: number, note: '', state: null }] : []
  // Whole numbers are meant as numbers, unless they are somebody's here.
  return agents.length > 0 ? [...agents, ...lines, ...dialled] : [...dialled, ...lines]
}
