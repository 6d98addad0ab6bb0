// To whom a call can go. Who sees the floor reads it there; who does not, learns it from the ticket of the call.
import { callReceivers } from '@/api/calls'
import { floor as fetchFloor } from '@/api/floor'
import { asProblem } from '@/api/problem'
import { P } from '@/api/permissions'
import { receivers as ofTicket } from '@/api/tickets'
import { AGENT_STATES, type AgentStateName, type CallParty, type Colleague, type Id } from '@/api/types'
import { t } from '@/i18n'
import { matches } from '@/lib/pinyin'
import { useSession } from '@/stores/session'

export interface Receiver extends Colleague { state: AgentStateName | null }
/** A section outside that may be called: the number is the purchaser's. */
export interface Section { number: string; name: string }
export interface Line { code: string; name: string; waiting?: number; ready?: number }
export interface Receivers { people: Receiver[]; queues: Line[] | null; sections: Section[]; more: boolean }
export interface Choice { key: string; party: CallParty; name: string; note: string; state: AgentStateName | null; kind: 'agent' | 'queue' | 'section' | 'number' }

/** Refusals of a server that does not know this door. */
const UNKNOWN_DOOR = [400, 404, 405, 422]
/** All that a call may be left to; where the server has no such list, colleagues alone. */
export async function receivers(ticket: Id | null, q = ''): Promise<Receivers> {
  try {
    const { colleagues, queues, sections, more } = await callReceivers(q)
    return { people: colleagues.map(({ id, name, staff_no, state }) => ({ id, name, staff_no: staff_no ?? null, state })), queues, sections, more }
  } catch (error) {
    if (!UNKNOWN_DOOR.includes(asProblem(error).status)) throw error
    return { people: await colleagues(ticket), queues: null, sections: [], more: false }
  }
}
async function colleagues(ticket: Id | null): Promise<Receiver[]> {
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
export function choices(query: string, people: readonly Receiver[], queues: readonly Line[], sections: readonly Section[] = []): Choice[] {
  const q = query.trim()
  const agents = people
    .filter((one) => matches(q, one.name, one.staff_no ?? ''))
    .toSorted((a, b) => place(a.state) - place(b.state) || (a.staff_no ?? '').localeCompare(b.staff_no ?? ''))
    .map((one): Choice => ({ key: one.id, kind: 'agent', party: { agent: one.id }, name: one.name, note: one.staff_no ?? '', state: one.state }))
  const lines = queues
    .filter((one) => matches(q, one.name, one.code))
    .map((one): Choice => ({ key: one.code, kind: 'queue', party: { queue: one.code }, name: one.name, note: one.ready === undefined ? '' : t('talk.queue_note', { ready: one.ready, waiting: one.waiting ?? 0 }), state: null }))
  const outside = sections
    .filter((one) => matches(q, one.name, one.number))
    .map((one): Choice => ({ key: `section-${one.number}`, kind: 'section', party: { number: one.number }, name: one.name, note: one.number, state: null }))
  const number = q.replace(/[\s-]/g, '')
  const dialled: Choice[] = NUMBER.test(q) && number.length >= 3 ? [{ key: 'number', kind: 'number', party: { number }, name: number, note: '', state: null }] : []
  // Whole numbers are meant as numbers, unless they are somebody's here.
  return agents.length > 0 ? [...agents, ...lines, ...outside, ...dialled] : [...outside, ...dialled, ...lines]
}
