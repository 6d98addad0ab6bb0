// People on the line: staff files, posts, replacements, demands, the transition, recruitment fees and what is agreed about them.
import { api, type Filters, listing, type Sent, take } from './client'
import type { components } from './schema'
import type { Id, Page, RuleRow } from './types'

type S = components['schemas']

export const STAFF_STATES = ['candidate', 'training', 'passed', 'on_post', 'suspended', 'left'] as const
export const ITEMS = ['clean_record', 'experience', 'education', 'age', 'health', 'typing', 'mandarin', 'interview', 'attitude', 'employer', 'nda', 'confidentiality', 'pre_job'] as const satisfies readonly S['QualificationItem'][]
export const STANDINGS = ['ok', 'waived', 'below', 'expired', 'missing'] as const satisfies readonly S['ItemStanding'][]
export const EDUCATION_LEVELS = ['junior_secondary', 'secondary', 'associate', 'bachelor', 'master', 'doctor'] as const
export const MANDARIN_LEVELS = ['third_b', 'third_a', 'second_b', 'second_a', 'first_b', 'first_a'] as const
export const EVIDENCE_STATES = ['pending', 'verified', 'rejected', 'withdrawn'] as const
export const DIMENSIONS = ['understanding', 'thinking', 'communication', 'expression', 'affinity'] as const
export const REPLACEMENT_STATES = ['notice_drafted', 'notice_served', 'candidate_proposed', 'rejected_by_purchaser', 'qualification_ok', 'training', 'exam_passed', 'handover', 'on_post', 'closed', 'withdrawn'] as const
export const REPLACEMENT_CAUSES = ['resignation', 'illness', 'unfit', 'exam_failed', 'demanded'] as const satisfies readonly S['ReplacementCause'][]
export const COMPARED = ['education', 'experience', 'exam', 'quality'] as const satisfies readonly S['Compared'][]
export const DEMAND_KINDS = ['add', 'replace'] as const satisfies readonly S['DemandKind'][]
export const DEMAND_STATES = ['raised', 'plan_submitted', 'plan_accepted', 'executing', 'verified', 'withdrawn'] as const
export const TRANSITION_STATES = ['preparing', 'parallel', 'live', 'completed'] as const
export const WILLINGNESS = ['unknown', 'willing', 'unwilling'] as const satisfies readonly S['Willingness'][]
export const TRANSITION_KINDS = ['asset', 'account', 'knowledge', 'data'] as const satisfies readonly S['HandoverKind'][]
export const FEE_STATES = ['owed', 'paid', 'void'] as const

export type Item = (typeof ITEMS)[number]
export type Standing = (typeof STANDINGS)[number]
export type Finding = Sent<S['QualificationFinding']>
export type Staff = Sent<S['StaffView']>
export type StaffDetail = Sent<S['StaffDetail']>
export type Evidence = Sent<S['EvidenceView']>
export type Waiver = Sent<S['WaiverView']>
export type Line = Sent<S['TrailLine']>
export type Assessment = S['InterviewAssessment']
export type Staffing = Sent<S['StaffingView']>
export type StaffPost = Sent<S['StaffPost']>
export type Headcount = Sent<S['Headcount']>
export type HeadcountDay = Sent<S['HeadcountDay']>
export type Replacement = Sent<S['ReplacementView']>
export type ReplacementDetail = Sent<S['ReplacementDetail']>
export type Comparison = Sent<S['EquivalenceComparison']>
export type Handover = Sent<S['HandoverView']>
export type Demand = Sent<S['DemandView']>
export type DemandDetail = Sent<S['DemandDetail']>
export type Transition = Sent<S['TransitionView']>
export type TransitionDetail = Sent<S['TransitionDetail']>
export type BoardPost = Sent<S['BoardPost']>
export type Fee = Sent<S['RecruitmentFeeView']>

const at = (id: Id) => ({ params: { path: { id } } })

export const staffFiles = (filters: Filters): Promise<Page<Staff>> => take(api.GET('/api/v1/staff', listing(filters)))
export const staffFile = (id: Id): Promise<StaffDetail> => take(api.GET('/api/v1/staff/{id}', at(id)))
/** What is left out stays as it is, an empty text takes it away. */
export interface Person { name?: string; user_id?: Id; born_on?: string; id_number?: string; phone?: string; other_project?: string }
export const makeStaffFile = (body: Person): Promise<StaffDetail> => take(api.POST('/api/v1/staff', { body }))
export const changeStaffFile = (id: Id, version: number, body: Person): Promise<StaffDetail> => take(api.PATCH('/api/v1/staff/{id}', { ...at(id), body: { version, ...body } }))
export type RevealField = 'id_number' | 'phone' | 'born_on'
export const revealStaff = async (id: Id, field: RevealField, reason: string): Promise<string> =>
  (await take(api.POST('/api/v1/staff/{id}/reveal', { ...at(id), body: { field, reason } }))).value
export type StaffStep = 'begin_training' | 'suspend' | 'resume' | 'leave' | 'return'
export const stepStaff = (id: Id, version: number, action: StaffStep, reason?: string): Promise<StaffDetail> =>
  take(api.POST('/api/v1/staff/{id}/steps', { ...at(id), body: { version, action, ...(reason ? { reason } : {}) } }))
export interface Pass { certificate_no: string; on: string; until?: string; score?: number }
export const passStaff = (id: Id, version: number, body: Pass): Promise<StaffDetail> => take(api.POST('/api/v1/staff/{id}/pass', { ...at(id), body: { version, ...body } }))
export const takePost = (id: Id, version: number, post: string, from?: string): Promise<StaffDetail> =>
  take(api.POST('/api/v1/staff/{id}/post', { ...at(id), body: { version, post_id: post, ...(from ? { from } : {}) } }))
export const leavePost = (id: Id, version: number, reason: string): Promise<StaffDetail> => take(api.POST('/api/v1/staff/{id}/leave-post', { ...at(id), body: { version, reason } }))
export const waive = (id: Id, item: Item, reason: string, until: string): Promise<StaffDetail> => take(api.POST('/api/v1/staff/{id}/waivers', { ...at(id), body: { item, reason, until } }))
export const revokeWaiver = (id: Id, waiver: Id): Promise<StaffDetail> => take(api.POST('/api/v1/staff/{id}/waivers/{waiver_id}/revoke', { params: { path: { id, waiver_id: waiver } } }))

const piece = (id: Id, evidence: Id) => ({ params: { path: { id, evidence_id: evidence } } })
export interface NewEvidence { item: Item; on: string; until?: string; level?: string; number?: number; seconds?: number; issuer?: string; scorecard?: Assessment[]; note?: string }
export const addEvidence = (id: Id, body: NewEvidence): Promise<StaffDetail> => take(api.POST('/api/v1/staff/{id}/evidence', { ...at(id), body: body as never }))
export const checkEvidence = (id: Id, evidence: Id, version: number, verified: boolean, note: string): Promise<StaffDetail> =>
  take(api.POST('/api/v1/staff/{id}/evidence/{evidence_id}/check', { ...piece(id, evidence), body: { version, verified, ...(note ? { note } : {}) } }))
export const withdrawEvidence = (id: Id, evidence: Id, version: number, reason: string): Promise<StaffDetail> =>
  take(api.POST('/api/v1/staff/{id}/evidence/{evidence_id}/withdraw', { ...piece(id, evidence), body: { version, reason } }))
export function addScan(id: Id, evidence: Id, file: File): Promise<unknown> {
  const form = new FormData()
  form.append('file', file, file.name)
  return take(api.POST('/api/v1/staff/{id}/evidence/{evidence_id}/files', { ...piece(id, evidence), body: form as never, bodySerializer: (body: unknown) => body as FormData }))
}
export const scanAddress = (id: Id, evidence: Id, file: Id): string => `/api/v1/staff/${id}/evidence/${evidence}/files/${file}`

export const staffing = (on?: string): Promise<Staffing> => take(api.GET('/api/v1/staffing', listing({ on })))
export const headcount = (from: string, to: string): Promise<Headcount> => take(api.GET('/api/v1/headcount', { params: { query: { from, to } } }))
export const openPost = (id: string, opens_on: string): Promise<Staffing> => take(api.PUT('/api/v1/posts/{id}/opening', { params: { path: { id } }, body: { opens_on } }))

export const replacements = (filters: Filters): Promise<Page<Replacement>> => take(api.GET('/api/v1/replacements', listing(filters)))
export const replacement = (id: Id): Promise<ReplacementDetail> => take(api.GET('/api/v1/replacements/{id}', at(id)))
export interface NewReplacement { staff_id: Id; cause: (typeof REPLACEMENT_CAUSES)[number]; reason: string; sudden: boolean; last_day: string }
export const openReplacement = (body: NewReplacement): Promise<ReplacementDetail> => take(api.POST('/api/v1/replacements', { body }))
/** A step of the supplier with what it needs. */
export const stepReplacement = (id: Id, version: number, action: string, fields: Record<string, unknown> = {}): Promise<ReplacementDetail> =>
  take(api.POST('/api/v1/replacements/{id}/steps', { ...at(id), body: { version, action, ...fields } as never }))
export const decideReplacement = (id: Id, version: number, action: 'accept' | 'reject', said: string): Promise<ReplacementDetail> =>
  take(api.POST('/api/v1/replacements/{id}/decide', { ...at(id), body: (action === 'accept' ? { version, action, ...(said ? { waiver: said } : {}) } : { version, action, reason: said }) as never }))
export const offerHandover = (id: Id, ticket: Id, to: Id): Promise<ReplacementDetail> => take(api.POST('/api/v1/replacements/{id}/handovers', { ...at(id), body: { ticket_id: ticket, to_id: to } }))
export const myHandovers = (): Promise<{ items: Handover[] }> => take(api.GET('/api/v1/my-handovers'))
export const acceptHandover = (id: Id): Promise<Handover> => take(api.POST('/api/v1/my-handovers/{id}/accept', at(id)))
export const declineHandover = (id: Id, reason: string): Promise<Handover> => take(api.POST('/api/v1/my-handovers/{id}/decline', { ...at(id), body: { reason } }))

export const demands = (filters: Filters): Promise<Page<Demand>> => take(api.GET('/api/v1/demands', listing(filters)))
export const demand = (id: Id): Promise<DemandDetail> => take(api.GET('/api/v1/demands/{id}', at(id)))
export interface NewDemand { kind: (typeof DEMAND_KINDS)[number]; staff_id?: Id; people?: number; reason: string }
export const raiseDemand = (body: NewDemand): Promise<DemandDetail> => take(api.POST('/api/v1/demands', { body }))
const SUPPLIERS = ['submit_plan', 'start']
/** A step of whichever side: each side has its own door. */
export const stepDemand = (id: Id, version: number, action: string, fields: Record<string, unknown> = {}): Promise<DemandDetail> => {
  const body = { version, action, ...fields } as never
  return SUPPLIERS.includes(action) ? take(api.POST('/api/v1/demands/{id}/steps', { ...at(id), body })) : take(api.POST('/api/v1/demands/{id}/decide', { ...at(id), body }))
}

export const transitions = (): Promise<{ items: Transition[] }> => take(api.GET('/api/v1/transitions'))
export const transition = (id: Id): Promise<TransitionDetail> => take(api.GET('/api/v1/transitions/{id}', at(id)))
export const beginTransition = (predecessor: string, go_live_on: string): Promise<TransitionDetail> => take(api.POST('/api/v1/transitions', { body: { predecessor, go_live_on } }))
export interface Seat { staff_id: Id; willing: (typeof WILLINGNESS)[number]; note?: string; resigned_on?: string }
export const seat = (id: Id, post: string, body: Seat): Promise<TransitionDetail> => take(api.PUT('/api/v1/transitions/{id}/posts/{post_id}', { params: { path: { id, post_id: post } }, body }))
export const addTransitionItem = (id: Id, kind: (typeof TRANSITION_KINDS)[number], title: string, note: string): Promise<TransitionDetail> =>
  take(api.POST('/api/v1/transitions/{id}/items', { ...at(id), body: { kind, title, ...(note ? { note } : {}) } }))
export const finishTransitionItem = (id: Id, item: Id): Promise<TransitionDetail> => take(api.POST('/api/v1/transitions/{id}/items/{item_id}/done', { params: { path: { id, item_id: item } } }))
export const stepTransition = (id: Id, version: number, action: 'take_posts' | 'begin_parallel' | 'complete'): Promise<TransitionDetail> =>
  take(api.POST('/api/v1/transitions/{id}/steps', { ...at(id), body: { version, action } }))
export const exemptIncumbents = (id: Id, version: number, reason: string, until?: string): Promise<TransitionDetail> =>
  take(api.POST('/api/v1/transitions/{id}/exempt', { ...at(id), body: { version, reason, ...(until ? { until } : {}) } }))
export const signOffTransition = (id: Id, version: number): Promise<TransitionDetail> => take(api.POST('/api/v1/transitions/{id}/sign-off', { ...at(id), body: { version } }))

export const fees = (filters: Filters): Promise<Page<Fee>> => take(api.GET('/api/v1/recruitment-fees', listing(filters)))
export interface NewFee { staff_id: Id; payee: string; amount_fen: number; invoice_no?: string; note?: string }
export const recordFee = (body: NewFee): Promise<Fee> => take(api.POST('/api/v1/recruitment-fees', { body }))
export const payFee = (id: Id, body: { version: number; paid_on: string; receipt_no: string; invoice_no?: string }): Promise<Fee> => take(api.POST('/api/v1/recruitment-fees/{id}/pay', { ...at(id), body }))
export const voidFee = (id: Id, version: number, reason: string): Promise<Fee> => take(api.POST('/api/v1/recruitment-fees/{id}/void', { ...at(id), body: { version, reason } }))

export const PERSONNEL_RULES = ['qualifications', 'nda_versions', 'work_gate', 'personnel_terms'] as const
export type PersonnelRuleKind = (typeof PERSONNEL_RULES)[number]
const DOORS = {
  qualifications: '/api/v1/rules/qualifications', nda_versions: '/api/v1/rules/nda-versions', work_gate: '/api/v1/rules/work-gate', personnel_terms: '/api/v1/rules/personnel-terms',
} as const satisfies Record<PersonnelRuleKind, string>
/** All rows of one table, those that are over among them. */
export const personnelRules = (kind: PersonnelRuleKind): Promise<{ items: RuleRow[] }> => take(api.GET(DOORS[kind])) as Promise<unknown> as Promise<{ items: RuleRow[] }>
export const setPersonnelRule = (kind: PersonnelRuleKind, body: { rule: Record<string, unknown>; effective_from: string | null; source: string }): Promise<unknown> =>
  take(api.POST(DOORS[kind], { body: body as never }))
/** What is asked of one item. */
export interface Requirement { item: Item; mandatory: boolean; least?: number | null; most?: number | null; exclusive?: boolean; level?: string | null; valid_months?: number | null; least_seconds?: number | null }
