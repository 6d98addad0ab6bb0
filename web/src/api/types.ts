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

export interface DeviceState {
  reachable: boolean
  kind: 'browser' | 'desk_phone' | null
}

export interface AgentState {
  id: Id
  name: string
  staff_no: string | null
  state: AgentStateName
  since: Timestamp
  /** what he gave, or the system: no_answer, refused, busy, unreachable */
  reason: string | null
  /** asked for meanwhile; comes when the work in hand is done */
  next_state: SettableState | null
  work_id: Id | null
  wrap_up_ends_at: Timestamp | null
  wrap_up_extensions: number
  wrap_up_max_extensions: number
  chats: number
  device: DeviceState
  queues: string[]
}

export interface FloorQueue {
  code: string
  name: string
  waiting: number
  waiting_since: Timestamp | null
  longest_wait_s: number
  chats_waiting: number
}

export type FloorAgent = AgentState

export interface FloorWaiting {
  work_id: Id
  media: 'voice' | 'chat'
  queue: string
  since: Timestamp
  caller: string | null
  rings_at: Id | null
}

export interface Floor {
  as_of: Timestamp
  queues: FloorQueue[]
  agents: FloorAgent[]
  waiting: FloorWaiting[]
}

export interface Wallboard {
  as_of: Timestamp
  waiting: number
  waiting_since: Timestamp | null
  longest_wait_s: number
  answered_in_15_bp: number | null
  answered_in_15_formula: string
  on_post: number
  expected: number
  callbacks_due: number
  oldest_callback_at: Timestamp | null
  calls_today: number
  answered_today: number
  in_time_today: number
  abandoned_today: number
  short_abandoned_today: number
  lost_today: number
}

export interface Queue {
  code: string
  version: number
  name: string
  priority: number
  skills: { skill: string; level: number }[]
  ring_timeout_s: number
  wrap_up_s: number
  max_extensions: number
  service_level_s: number
  short_abandon_s: number
  preferred_wait_s: number
  max_wait_s: number
  no_answer: string
}

export const CALL_OUTCOMES = [
  'answered', 'abandoned', 'short_abandoned', 'no_agent_answer', 'after_hours', 'rejected', 'interrupted', 'failed',
] as const
export type CallOutcome = (typeof CALL_OUTCOMES)[number]

export interface Call {
  id: Id
  direction: 'inbound' | 'outbound'
  hotline: string
  /** masked; empty when withheld */
  caller: string
  requester_id: Id | null
  queue: string | null
  agent: Colleague | null
  state: string
  outcome: CallOutcome | null
  ended_by: 'requester' | 'agent' | 'system' | null
  offered_at: Timestamp
  queued_at: Timestamp | null
  rung_at: Timestamp | null
  answered_at: Timestamp | null
  ended_at: Timestamp | null
  wait_s: number | null
  talk_s: number | null
  held_s: number
  has_recording: boolean
  recording: { state: string; duration_ms: number | null; bytes: number | null; sha256: string | null; lost_ms: number | null } | null
}

export interface CallEvent {
  at: Timestamp
  kind: string
  detail: string | null
  details: Record<string, unknown>
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
  label: string
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
  at: Timestamp
  who_id: Id | null
  who_name: string
  session_id: Id | null
  action: string
  subject_kind: string
  subject_id: string
  details: Record<string, unknown>
  seq: number | null
  hash: string | null
}

export interface AuditChain {
  head: { seq: number; hash: string } | null
  unsealed: number
  tail_whole: boolean
  broken: { seq: number; id: Id | null; why: string } | null
  last_check: { at: Timestamp; sealed: number; broken_seq: number | null; finding: string } | null
}

export interface Parameter {
  id: Id
  key: string
  value: string
  unit: string
  effective_from: Timestamp
  effective_to: Timestamp | null
  source_doc_no: string
  source_url: string
  note: string
  recorded_at: Timestamp
  confirmed_by: Id | null
  confirmed_at: Timestamp | null
}

export interface Callback {
  work_id: Id
  queue: string | null
  missed_at: Timestamp
  wait_ms: number | null
  outcome: CallOutcome | null
  caller: string | null
  done_at: Timestamp | null
  done_by: Id | null
  note: string | null
}

export interface PublicConfig {
  demo: boolean
  hotline: string
  name: string
  version: string
  demo_sign_ins: { username: string; role: string }[]
}
