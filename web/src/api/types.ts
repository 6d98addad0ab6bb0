// The shapes on the wire, in the words of the server. One place, so that the generated schema can take over.

export type Id = string
/** RFC 3339. */
export type Timestamp = string

export interface Page<T> {
  items: T[]
  next: string | null
  total: number
  total_capped: boolean
}

export type Reach = 'own' | 'queue' | 'all'
export type Side = 'supplier' | 'purchaser' | 'either'

export interface Colleague {
  id: Id
  name: string
  staff_no: string | null
}

export interface SessionUser {
  id: Id
  username: string
  name: string
  staff_no: string | null
  department: string
  side: Side
  roles: string[]
  permissions: Record<string, Reach>
  totp: boolean
}

export interface Session {
  user: SessionUser
  must_change_password: boolean
  idle_timeout_s: number
}

export const AGENT_STATES = [
  'signed_out', 'ready', 'ringing', 'talking', 'held', 'wrap_up', 'break', 'meeting', 'training',
] as const
export type AgentStateName = (typeof AGENT_STATES)[number]
/** What an agent may set; the other states follow from the calls. */
export type SettableState = 'ready' | 'break' | 'meeting' | 'training' | 'signed_out'

export interface AgentState {
  state: AgentStateName
  since: Timestamp
  reason: string | null
  work_id: Id | null
  wrap_up_ends_at: Timestamp | null
  wrap_up_extensions: number
  device: { reachable: boolean; kind: 'browser' | 'desk_phone' | null }
}

export interface FloorQueue {
  code: string
  name: string
  waiting: number
  longest_wait_s: number
  ready?: number
  calls_today?: number
  answered_in_15_bp?: number | null
}

export interface FloorAgent {
  id: Id
  name: string
  staff_no: string | null
  state: AgentStateName
  since: Timestamp
  reason?: string | null
  work_id: Id | null
  queues: string[]
  device?: { reachable: boolean; kind: 'browser' | 'desk_phone' | null }
}

export interface FloorWaiting {
  work_id: Id
  queue: string
  since: Timestamp
  caller: string | null
}

export interface Floor {
  queues: FloorQueue[]
  agents: FloorAgent[]
  waiting: FloorWaiting[]
}

export interface Wallboard {
  waiting: number
  longest_wait_s: number
  answered_in_15_bp: number | null
  on_post: number
  expected: number
  callbacks_due: number
  calls_today: number
  as_of: Timestamp
}

export const CALL_OUTCOMES = [
  'answered', 'abandoned', 'short_abandoned', 'no_agent_answer', 'after_hours', 'rejected', 'interrupted', 'failed',
] as const
export type CallOutcome = (typeof CALL_OUTCOMES)[number]

export interface Call {
  id: Id
  direction: 'inbound' | 'outbound' | 'internal'
  caller: string | null
  callee?: string | null
  queue: string | null
  agent: Colleague | null
  offered_at: Timestamp
  answered_at: Timestamp | null
  ended_at: Timestamp | null
  wait_s: number | null
  talk_s: number | null
  outcome: CallOutcome | null
  has_recording: boolean
  ticket_id?: Id | null
}

export interface CallEvent {
  at: Timestamp
  kind: string
  detail?: string | null
}

export interface Waveform {
  duration_ms: number
  /** Left the requester, right the agent; one peak 0–255 for each step. */
  lanes: [number[], number[]]
}

export const REQUEST_TYPES = ['consult', 'help', 'complaint', 'report', 'suggestion', 'praise', 'fault'] as const
export type RequestType = (typeof REQUEST_TYPES)[number]
export const RESULTS = ['answered', 'follow_up', 'forwarded', 'misdial', 'silent', 'harassment', 'attached'] as const
export type Result = (typeof RESULTS)[number]

export interface Matter {
  code: string
  name: string
  /** first letters of the pinyin */
  shortcut: string
  children: Matter[]
}

export interface ContactRecord {
  call_id: Id
  medium: string
  direction: string
  queue: string | null
  agent: Colleague | null
  requester_id: Id
  requester_name: string | null
  caller: string | null
  at: Timestamp
  answered_at: Timestamp | null
  ended_at: Timestamp | null
  outcome: CallOutcome | null
  wrap_up_ms: number | null
  state: 'draft' | 'complete' | 'owed' | 'missed'
  request_type: RequestType | null
  matter: string | null
  matter_name: string | null
  result: Result | null
  summary: string
  ticket_id: Id | null
  /** opened with the call */
  ticket: { id: Id; number: string; state: string } | null
  owed_since: Timestamp | null
  late: boolean
  completed_at: Timestamp | null
  completed_by: Colleague | null
  version: number
}

/** An earlier contact, as the pop shows it. */
export interface PastContact {
  id: Id
  medium: string
  direction: string
  queue: string | null
  agent: Colleague | null
  offered_at: Timestamp
  answered_at: Timestamp | null
  ended_at: Timestamp | null
  outcome: CallOutcome | null
  state: string
  request_type: RequestType | null
  matter: string | null
  matter_name: string | null
  result: Result | null
  summary: string
  ticket_id: Id | null
}

export interface Requester {
  id: Id
  name: string | null
  phone: string | null
  phone_kind: 'mobile' | 'landline' | 'service' | 'foreign' | 'other' | 'withheld'
  region: string
  identity: string
  contacts: number
  first_contact_at: Timestamp
  last_contact_at: Timestamp
  version: number
}

export interface Ticket {
  id: Id
  number: string
  state: 'draft' | 'open' | 'closed' | 'void'
  request_type: RequestType | null
  matter: string | null
  matter_name: string | null
  summary: string
  resolution: string | null
  requester: { id: Id; name: string | null; phone: string | null } | null
  first_owner: Colleague | null
  owner: Colleague | null
  source_call_id: Id | null
  opened_at: Timestamp
  updated_at: Timestamp
  closed_at: Timestamp | null
  version: number
}

export interface HistoryLine {
  id: Id
  version: number
  at: Timestamp
  who_id: Id | null
  who: string
  action: string
  field: string | null
  before: string | null
  after: string | null
}

export interface Pop {
  requester: Requester
  calls: PastContact[]
  tickets: Ticket[]
  contact_record: ContactRecord
}

export interface User {
  id: Id
  username: string
  name: string
  staff_no: string | null
  department: string
  side: Side
  roles: string[]
  disabled: boolean
  locked_until: Timestamp | null
  must_change_password: boolean
  totp: boolean
  signed_in: boolean
  last_sign_in_at: Timestamp | null
  version: number
  created_at: Timestamp
}

export interface Role {
  role: string
  name: string
  side: Side
  administrator: boolean
  permissions: Record<string, Reach>
}

export interface Device {
  id: Id
  user_id: Id
  kind: string
  username: string
  realm: string
  secret_changed_at: Timestamp
}

export const DAY_KINDS = ['workday', 'rest', 'statutory', 'makeup'] as const
export type DayKind = (typeof DAY_KINDS)[number]

export interface CalendarDay {
  date: string
  kind: DayKind
  name: string
}

export interface CalendarYear {
  year: number
  published: boolean
  source: string
  version: number
  next_year_missing: boolean
  workdays_by_month: number[]
  workdays: number
  days: CalendarDay[]
}

export interface ImportReport {
  year: number
  dry_run: boolean
  off_days: number
  makeup_workdays: number
  statutory_holidays: number
  workdays: number
  changed_days: number
  errors: { part: string; row: string; code: string; detail: string }[]
}

export interface ServiceHours {
  periods: { from: string; to: string }[]
  late_receipt_is_next_day: boolean
  version: number
  open: boolean
  closes_at: Timestamp | null
  next_opening: Timestamp | null
}

export interface AuditRow {
  id: Id
  seq: number | null
  at: Timestamp
  who: string
  action: string
  subject: string
  subject_id: string | null
  detail: Record<string, unknown>
}

export interface AuditChain {
  head: string
  sealed: number
  unsealed: number
  verified: boolean
  verified_at: Timestamp | null
  first_broken?: number | null
}

export interface Parameter {
  id: Id
  key: string
  value: string
  valid_from: string
  source: string
  confirmed_by: string | null
  note?: string | null
}

export interface Callback {
  id: Id
  caller: string | null
  queue: string | null
  reason: string
  called_at: Timestamp
  due_at: Timestamp
  attempts: number
  state: 'due' | 'done'
  owner: Colleague | null
  call_id: Id
}

export interface PublicConfig {
  demo: boolean
  hotline: string
  name: string
  version: string
  demo_sign_ins?: { username: string; role: string }[]
}
