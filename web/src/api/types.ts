// Names for the shapes on the wire. They are the server's (schema.ts); only words that the schema knows as
// mere text are narrowed to the closed lists of the glossary.
import type { Sent } from './client'
import type { components } from './schema'

type S = components['schemas']
type With<T, U> = Omit<T, keyof U> & U

export type Id = string
/** RFC 3339. */
export type Timestamp = string
export type Reach = 'own' | 'queue' | 'all'
export type Side = S['Side']
export type Colleague = Sent<S['Colleague']>

export interface Page<T> {
  items: T[]
  next: string | null
  total: number
  total_capped: boolean
}

export const AGENT_STATES = [
  'signed_out', 'ready', 'ringing', 'talking', 'held', 'wrap_up', 'break', 'meeting', 'training',
] as const satisfies readonly S['AgentState'][]
export const CALL_OUTCOMES = [
  'answered', 'abandoned', 'short_abandoned', 'no_agent_answer', 'after_hours', 'rejected', 'interrupted', 'failed',
] as const
export const REQUEST_TYPES = ['consult', 'help', 'complaint', 'report', 'suggestion', 'praise', 'fault'] as const satisfies readonly S['RequestType'][]
export const RESULTS = ['answered', 'follow_up', 'forwarded', 'misdial', 'silent', 'harassment', 'attached'] as const satisfies readonly S['ContactResult'][]
export const DAY_KINDS = ['workday', 'rest', 'statutory', 'makeup'] as const

export type AgentStateName = S['AgentState']
/** What an agent may set; the other states follow from the calls. */
export type SettableState = S['Presence']
export type RequestType = S['RequestType']
export type Result = S['ContactResult']
export type DayKind = (typeof DAY_KINDS)[number]

export type Session = With<Sent<S['Session']>, { user: SessionUser }>
export type SessionUser = With<Sent<S['SessionUser']>, { permissions: Record<string, Reach> }>
export type PublicConfig = Sent<S['PublicConfig']>

export type AgentState = Sent<S['AgentView']>
export type FloorAgent = AgentState
export type FloorQueue = Sent<S['QueueView']>
export type FloorWaiting = Sent<S['WaitingView']>
export type Floor = Sent<S['FloorSnapshot']>
export type Wallboard = Sent<S['Wallboard']>
export type Queue = Sent<S['QueueItem']>
export type Callback = Sent<S['Callback']>

export type Call = Sent<S['CallView']>
export type CallEvent = With<Sent<S['CallEventView']>, { details: Record<string, unknown> }>
export type Waveform = Sent<S['WaveformView']>
export type Telephony = Sent<S['TelephonyView']>

type Classified = { request_type: RequestType | null; result: Result | null }
export type Matter = With<Sent<S['Matter']>, { children: Matter[] }>
export type ContactRecord = With<Sent<S['ContactView']>, Classified>
export type PastContact = With<Sent<S['PastContact']>, Classified>
export type Requester = Sent<S['Requester']>
export type Ticket = With<Sent<S['TicketView']>, { request_type: RequestType | null }>
export type HistoryLine = Sent<S['HistoryLine']>
export interface Pop {
  requester: Requester
  calls: PastContact[]
  tickets: Ticket[]
  contact_record: ContactRecord
}

export type User = Sent<S['UserView']>
export type RoleName = S['Role']
export type Role = With<Sent<S['RoleView']>, { permissions: Record<string, Reach> }>
export type Device = Sent<S['DeviceView']>

export type CalendarDay = { date: string; kind: DayKind; name: string }
export type CalendarYear = With<Sent<S['CalendarView']>, { days: CalendarDay[] }>
export type ImportReport = Sent<S['ImportReport']>
export type ServiceHours = Sent<S['ServiceHoursView']>

export type AuditRow = With<Sent<S['AuditEntry']>, { details: Record<string, unknown> }>
export type AuditChain = Sent<S['AuditState']>
export type Parameter = Sent<S['Parameter']>
