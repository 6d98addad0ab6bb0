// To whom a call can go.
import { callReceivers } from '@/api/calls'
import { AGENT_STATES, type AgentStateName, type CallParty, type Colleague } from '@/api/types'
import { t } from '@/i18n'
import { matches } from '@/lib/pinyin'

export interface Receiver extends Colleague { state: AgentStateName | null }
/** A section outside that may be called: the number is the purchaser's. */
export interface Section { number: string; name: string }
export interface Line { code: string; name: string; waiting?: number; ready?: number }
export interface Receivers { people: Receiver[]; queues: Line[]; sections: Section[]; more: boolean }
export interface Choice { key: string; party: CallParty; name: string; note: string; state: AgentStateName | null; kind: 'agent' | 'queue' | 'section' | 'number' }

/** All that a call may be left to. */
export async function receivers(q = ''): Promise<Receivers> {
  const { colleagues, ...others } = await callReceivers(q)
  return { people: colleagues.map(({ id, name, staff_no, state }) => ({ id, name, staff_no: staff_no ?? null, state: state as AgentStateName })), ...others }
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
