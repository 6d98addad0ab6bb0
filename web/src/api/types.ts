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
  'answered', 'abandoned', 'short_abandoned', 'no_agent_answer', 'after_hours', 'message_left', 'callback', 'rejected', 'blocked', 'interrupted', 'failed',
] as const
export const REQUEST_TYPES = ['consult', 'help', 'complaint', 'report', 'suggestion', 'praise', 'fault'] as const satisfies readonly S['RequestType'][]
export const RESULTS = ['answered', 'follow_up', 'forwarded', 'misdial', 'silent', 'harassment', 'attached'] as const satisfies readonly S['ContactResult'][]
export const PRIORITIES = ['normal', 'urgent', 'critical'] as const satisfies readonly S['Priority'][]
export const SATISFACTIONS = ['satisfied', 'fair', 'dissatisfied', 'unreached'] as const satisfies readonly S['Satisfaction'][]
/** The canonical fields of a work order (domain C.6), in the order of the template. */
export const WORK_ORDER_FIELDS = [
  'order_no', 'channel', 'request_type', 'matter', 'title', 'content', 'caller_name', 'caller_sex', 'caller_phone', 'id_no', 'incident_address', 'incident_time',
  'confidential', 'public', 'need_reply', 'urgency', 'accepted_at', 'accepted_by', 'dispatched_at', 'dispatcher', 'dispatch_opinion', 'handling_unit', 'co_units',
  'due_at', 'status', 'handle_result', 'reply_text', 'replied_at', 'closed_at', 'satisfaction', 'revisit_note', 'return_reason', 'extend_reason', 'extended_due_at',
  'related_orders', 'attachments',
] as const satisfies readonly S['Field'][]
export const DAY_KINDS = ['workday', 'rest', 'statutory', 'makeup'] as const

export type AgentStateName = S['AgentState']
/** What an agent may set; the other states follow from the calls. */
export type SettableState = S['Presence']
export type RequestType = S['RequestType']
export type Result = S['ContactResult']
export type Priority = S['Priority']
export type Satisfaction = S['Satisfaction']
export type DayKind = (typeof DAY_KINDS)[number]

export type Session = With<Sent<S['Session']>, { user: SessionUser }>
export type SessionUser = With<Sent<S['SessionUser']>, { permissions: Record<string, Reach> }>
export type PublicConfig = Sent<S['PublicConfig']>

export type AgentState = Sent<S['AgentView']>
export type FloorAgent = AgentState
export type FloorQueue = Sent<S['QueueView']>
export type FloorWaiting = Sent<S['WaitingView']>
export type Floor = Sent<S['FloorSnapshot']>
export type Receiver = Sent<S['Receiver']>
export type Wallboard = Sent<S['WallboardView']>
export type Queue = Sent<S['QueueItem']>

export type Call = Sent<S['CallView']>
export type CallStanding = Sent<S['CallStanding']>
export type CallParty = { agent: Id } | { number: string } | { queue: string }
export const SUPERVISION_MODES = ['listen', 'whisper', 'barge'] as const satisfies readonly S['SupervisionMode'][]
export type SupervisionMode = S['SupervisionMode']
export type CallEvent = With<Sent<S['CallEventView']>, { details: Record<string, unknown> }>
export type Waveform = Sent<S['WaveformView']>
export type CallLeg = Sent<S['LegView']>
export type Ladder = Sent<S['LadderView']>
export type LadderMessage = Sent<S['LadderMessage']>
export type Keeping = Sent<S['KeepingView']>
/** A recording in a list, with its call. */
export type Recording = Keeping & { call: Call }
export type Telephony = Sent<S['TelephonyView']>

type Classified = { request_type: RequestType | null; result: Result | null }
export type Matter = With<Sent<S['Matter']>, { children: Matter[] }>
export type ContactRecord = With<Sent<S['ContactView']>, Classified>
export type PastContact = With<Sent<S['PastContact']>, Classified>
export type Requester = Sent<S['Requester']>
export type Ticket = With<Sent<S['TicketView']>, { request_type: RequestType | null; priority: Priority }>
export type TicketForm = Record<string, string | boolean>
export type TicketDetail = With<Sent<S['TicketDetail']>, { request_type: RequestType | null; priority: Priority; form: TicketForm }>
export type Offered = Sent<S['Offered']>
export type TicketNote = Sent<S['NoteView']>
export type TicketFile = Sent<S['FileView']>
export type Surroundings = Sent<S['Surroundings']>
export type LinkKind = S['LinkKind']
export type FormField = Sent<S['Form']>['fields'][number]
/** `change` is what the clock keeps: `kind` with the rule, the moment or the length. */
export interface ClockLine { at: Timestamp; who_id: Id | null; change: ClockChange; due_before: Timestamp | null; due_after: Timestamp }
export interface ClockChange { kind: 'started' | 'paused' | 'resumed' | 'extended'; at: Timestamp; rule?: { id: string; limit: Limit }; by?: Limit }
/** `{ working_days: 2 }`: one unit, one number. */
export type Limit = Record<string, number>
export type PublicStatus = Sent<S['PublicStatus']>
export type WorkOrder = With<Sent<S['WorkOrderView']>, { request_type: RequestType | null; priority: Priority }>
export type Platform = Sent<S['Platform']>
export type ImportColumns = Sent<S['ColumnsView']>
export type ImportView = Sent<S['ImportView']>
export type WorkOrderField = S['Field']
/** What an import does, or would do. */
export type WorkOrderReport = Sent<S['WorkOrderImport']>
export type ImportRemark = Sent<S['Remark']>
export type Emergency = Sent<S['EmergencyView']>
export type EmergencyDetail = Sent<S['EmergencyDetail']>
export type CaseLine = Sent<S['CaseLine']>
export type CaseNotice = Sent<S['CaseNotice']>
export type Escalation = Sent<S['EscalationView']>
export type EscalationDetail = Sent<S['EscalationDetail']>
export type EscalationLevel = Sent<S['LevelView']>
export const INSTRUCTION_KINDS = ['instruction_request', 'report'] as const
export type InstructionKind = (typeof INSTRUCTION_KINDS)[number]
export type Instruction = With<Sent<S['InstructionView']>, { kind: InstructionKind }>
export type InstructionDetail = Instruction & { lines: CaseLine[]; notices: CaseNotice[] }
export type Incident = Sent<S['IncidentView']>
export type IncidentDetail = Sent<S['IncidentDetail']>
/** Its name on the wire is shared with that of an emergency's report. */
export interface IncidentReport {
  number: string
  title: string
  answer: string
  cause: string | null
  declared_at: Timestamp
  closed_at: Timestamp | null
  tickets: number
  contacts: number
  first_at: Timestamp | null
  last_at: Timestamp | null
  by_day: ReportCount[]
  by_hour: ReportCount[]
  by_channel: ReportCount[]
  outcomes: ReportCount[]
  counted_at: Timestamp
}
export type ReportCount = Sent<S['Count']>
export type IncidentSuggestion = Sent<S['Suggestion']>
export type MySection = Sent<S['MySection']>
export type SectionPeople = Sent<S['SectionView']>
export type OwnerCovers = Sent<S['OwnerCovers']>
export type FirstOwnerMeasures = Sent<S['FirstOwnerMeasures']>
export type CoveredBy = Sent<S['CoveredBy']>
/** Somebody of a section, or who stands in for an owner; both for a stretch of days. */
export type Post = Sent<S['PostView']>
export type Absence = Sent<S['AbsenceView']>
/** The tables of rules, in the order of their tabs. */
export const RULE_KINDS = ['ticket_limits', 'case_terms', 'escalation_levels', 'emergency_ways', 'emergency_categories', 'dispatch', 'reply_windows', 'knowledge_terms', 'recording_retention', 'outbound_purposes', 'outbound_numbers', 'outbound_sections', 'learning_rules', 'export_limits', 'access_alarms', 'leak_terms', 'sampling_plans', 'quality_terms', 'key_phrases', 'liaison_terms', 'letter_series', 'letter_templates', 'check_points', 'experience_terms', 'privacy_terms', 'workforce_terms', 'roster_terms', 'contract_terms', 'submission_checks', 'report_dues', 'kpi_targets', 'kpi_variants'] as const
export type RuleKind = (typeof RULE_KINDS)[number]
/** A rule of whichever table; what it says is known by the table (features/rules/shape.ts). */
export type RuleRow = With<Sent<S['RuleView_CaseTerm']>, { rule: Record<string, unknown> }>
export const UNITS = ['working_days', 'service_minutes', 'clock_minutes', 'count'] as const satisfies readonly S['Unit'][]
export type Span = S['Span']
export type Dispatched = Sent<S['Dispatched']>
export type MatterFacts = Sent<S['MatterFacts']>
export type MatterRow = Sent<S['MatterRow']>
export type MatterReport = Sent<S['MatterImport']>
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

export const NOTICE_WAYS = ['console', 'email', 'sms'] as const satisfies readonly (keyof S['NoticeWays'])[]
export const DELIVERY_STATES = ['pending', 'sent', 'failed', 'dead'] as const
export type NoticeView = With<Sent<S['NoticeView']>, { parameters: Record<string, unknown> }>
export type NoticeCount = Sent<S['NoticeCount']>
export type NoticeWays = S['NoticeWays']
export type NoticeChoices = Sent<S['NoticeChoices']>
export type NoticeAddress = Sent<S['NoticeAddress']>
export type NoticeDelivery = Sent<S['NoticeDelivery']>
