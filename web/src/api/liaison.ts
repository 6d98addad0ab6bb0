// What passes between the two sides: letters, urgent notices, meetings, supervision, changes, tasks, supplies, checks, continuity.
import { api, type Filters, listing, type Sent, take } from './client'
import type { components } from './schema'
import type { Id, Page } from './types'

type S = components['schemas']

export const SIDES = ['supplier', 'purchaser'] as const
export const LETTER_STATES = ['drafting', 'reviewing', 'signed', 'sealed', 'sent', 'received', 'in_progress', 'replied', 'archived', 'void'] as const
export const SECRECIES = ['plain', 'internal', 'work_secret'] as const satisfies readonly S['LetterSecrecy'][]
export const URGENCIES = ['normal', 'urgent', 'extra'] as const satisfies readonly S['LetterUrgency'][]
export const LIAISON_WAYS = ['console', 'phone', 'sms', 'wechat', 'email'] as const satisfies readonly S['LiaisonWay'][]
export const STANDINGS = ['primary', 'substitute'] as const satisfies readonly S['LiaisonStanding'][]
export const INSPECTION_KINDS = ['announced', 'spot', 'unannounced'] as const satisfies readonly S['InspectionKind'][]
export const INSPECTION_STATES = ['hidden', 'released', 'closed'] as const
export const REGULATION_KINDS = ['management_rule', 'procedure', 'standard'] as const satisfies readonly S['RegulationKind'][]
export const PROCESS_STEPS = ['answering', 'chatting', 'recording', 'work_order', 'complaint', 'escalation', 'emergency', 'revisit', 'quality', 'roster', 'training', 'site', 'confidentiality'] as const satisfies readonly S['ProcessStep'][]
export const SITE_CHANGE_KINDS = ['facility', 'layout'] as const satisfies readonly S['SiteChangeKind'][]
export const SUPPLY_KINDS = ['consumable', 'equipment'] as const satisfies readonly S['SupplyKind'][]
export const SUPPLY_MOVES = ['receive', 'issue', 'return', 'write_off'] as const satisfies readonly S['SupplyMoveKind'][]
export const SCENARIOS = ['staff_absence', 'system_failure', 'line_outage', 'power_outage', 'platform_failure', 'surge', 'epidemic', 'typhoon', 'leak'] as const satisfies readonly S['ContinuityScenario'][]

export type Letter = Sent<S['LetterView']>
export type LetterDetail = Sent<S['LetterDetail']>
export type LiaisonFile = Sent<S['LiaisonFileView']>
export type Line = Sent<S['TrailLine']>
export type Urgent = Sent<S['UrgentNoticeView']>
export type UrgentDetail = Sent<S['UrgentNoticeDetail']>
export type LiaisonBoard = Sent<S['LiaisonBoard']>
export type LiaisonPerson = Sent<S['LiaisonPersonView']>
export type TeamChart = Sent<S['TeamChart']>
export type TeamMember = Sent<S['TeamMemberView']>
export type Meeting = Sent<S['MeetingView']>
export type MeetingDetail = Sent<S['MeetingDetail']>
export type MeetingAction = Sent<S['MeetingActionView']>
export type Inspection = Sent<S['InspectionView']>
export type InspectionDetail = Sent<S['InspectionDetail']>
export type Rectification = Sent<S['RectificationView']>
export type RectificationDetail = Sent<S['RectificationDetail']>
export type Regulation = Sent<S['RegulationView']>
export type RegulationDetail = Sent<S['RegulationDetail']>
export type RegulationVersion = Sent<S['RegulationVersionView']>
export type Readings = Sent<S['RegulationReadings']>
export type Controlled = Sent<S['ControlledChange']>
export type SiteChangeDetail = Sent<S['SiteChangeDetail']>
export type SpecialTask = Sent<S['SpecialTaskView']>
export type SpecialTaskDetail = Sent<S['SpecialTaskDetail']>
export type Supply = Sent<S['SupplyView']>
export type SupplyList = Sent<S['SupplyList']>
export type SupplyDetail = Sent<S['SupplyDetail']>
export type SupplyMove = Sent<S['SupplyMoveView']>
export type CheckBoard = Sent<S['DailyCheckBoard']>
export type CheckPoint = Sent<S['CheckPointView']>
export type DailyCheck = Sent<S['DailyCheckView']>
export type Archive = Sent<S['ExperienceArchive']>
export type PastContract = Sent<S['PastContractView']>
export type Switchboard = Sent<S['ContinuitySwitchboard']>
export type ScenarioView = Sent<S['ContinuityScenarioView']>
export type PlanDetail = Sent<S['ContinuityPlanDetail']>
export type PaperSheet = Sent<S['PaperSheetView']>
export type TodoItem = Sent<S['LiaisonTodoItem']>

const at = (id: Id) => ({ params: { path: { id } } })
type Said = Record<string, unknown>
/** What is said with a step; the closed list of its words is the server's. */
const said = (version: number, body: Said) => ({ version, ...body }) as never

export const todo = async (): Promise<TodoItem[]> => (await take(api.GET('/api/v1/liaison-todo'))).items

export const letters = (filters: Filters): Promise<Page<Letter>> => take(api.GET('/api/v1/letters', listing(filters)))
export const letter = (id: Id): Promise<LetterDetail> => take(api.GET('/api/v1/letters/{id}', at(id)))
export type LetterWords = S['LetterWords']
export const draftLetter = (body: LetterWords): Promise<LetterDetail> => take(api.POST('/api/v1/letters', { body }))
export const editLetter = (id: Id, body: S['LetterEdit']): Promise<LetterDetail> => take(api.PUT('/api/v1/letters/{id}', { ...at(id), body }))
export const stepLetter = (id: Id, version: number, action: string, more: Said = {}): Promise<LetterDetail> =>
  action === 'sign' ? take(api.POST('/api/v1/letters/{id}/sign', { ...at(id), body: { version } })) : take(api.POST('/api/v1/letters/{id}/steps', { ...at(id), body: said(version, { action, ...more }) }))
export type PaperFormat = 'html' | 'docx' | 'pdf'
export const letterPaper = (id: Id, format: PaperFormat): string => `/api/v1/letters/${id}/paper?format=${format}`
export interface LetterTemplate { code: string; name: string; title: string; body: string[]; fields: { code: string; name: string; needed: boolean }[]; reply_days: number | null; active: boolean }
/** Those that letters are begun with today. */
export async function letterTemplates(): Promise<LetterTemplate[]> {
  const found = (await take(api.GET('/api/v1/rules/letter-templates'))) as unknown as { items: { standing: string; rule: LetterTemplate }[] }
  return found.items.filter((row) => row.standing === 'in_force' && row.rule.active).map((row) => row.rule)
}

export const urgents = (filters: Filters): Promise<Page<Urgent>> => take(api.GET('/api/v1/urgent-notices', listing(filters)))
export const urgent = (id: Id): Promise<UrgentDetail> => take(api.GET('/api/v1/urgent-notices/{id}', at(id)))
export const sendUrgent = (body: S['NewUrgentNotice']): Promise<UrgentDetail> => take(api.POST('/api/v1/urgent-notices', { body }))
export const acknowledgeUrgent = (id: Id): Promise<UrgentDetail> => take(api.POST('/api/v1/urgent-notices/{id}/acknowledge', at(id)))
export const logUrgentCall = (id: Id, body: S['LoggedCall']): Promise<UrgentDetail> => take(api.POST('/api/v1/urgent-notices/{id}/calls', { ...at(id), body }))
export const linkUrgentLetter = (id: Id, version: number, letter_id: Id): Promise<UrgentDetail> => take(api.POST('/api/v1/urgent-notices/{id}/letter', { ...at(id), body: { version, letter_id } }))

export const liaisons = (day?: string): Promise<LiaisonBoard> => take(api.GET('/api/v1/liaisons', listing({ day })))
export const nameLiaison = (body: S['NewLiaison']): Promise<LiaisonBoard> => take(api.POST('/api/v1/liaisons', { body }))
export const endLiaison = (id: Id, version: number, until_day: string): Promise<LiaisonBoard> => take(api.POST('/api/v1/liaisons/{id}/end', { ...at(id), body: { version, until_day } }))
export const team = (day?: string): Promise<TeamChart> => take(api.GET('/api/v1/team', listing({ day })))
export const appoint = (body: S['NewTeamMember']): Promise<TeamChart> => take(api.POST('/api/v1/team', { body }))
export const acknowledgeTeam = (id: Id, version: number): Promise<TeamChart> => take(api.POST('/api/v1/team/{id}/acknowledge', { ...at(id), body: { version } }))
export const endTeam = (id: Id, version: number, ended_on: string, reason: string): Promise<TeamChart> => take(api.POST('/api/v1/team/{id}/end', { ...at(id), body: { version, ended_on, reason } }))

export const meetings = (filters: Filters): Promise<Page<Meeting>> => take(api.GET('/api/v1/meetings', listing(filters)))
export const meeting = (id: Id): Promise<MeetingDetail> => take(api.GET('/api/v1/meetings/{id}', at(id)))
export type NewMeeting = S['NewMeeting']
export const recordMeeting = (body: NewMeeting): Promise<MeetingDetail> => take(api.POST('/api/v1/meetings', { body }))
export const editMinutes = (id: Id, version: number, minutes: string[]): Promise<MeetingDetail> => take(api.PUT('/api/v1/meetings/{id}', { ...at(id), body: { version, minutes } }))
export const confirmMinutes = (id: Id, version: number): Promise<MeetingDetail> => take(api.POST('/api/v1/meetings/{id}/confirm', { ...at(id), body: { version } }))
export const assignAction = (id: Id, body: S['NewMeetingAction']): Promise<MeetingDetail> => take(api.POST('/api/v1/meetings/{id}/actions', { ...at(id), body }))
export const finishAction = (id: Id, version: number, note: string, cancelled: boolean): Promise<MeetingAction> => take(api.POST('/api/v1/meeting-actions/{id}/finish', { ...at(id), body: { version, note, cancelled } }))

export const inspections = (filters: Filters): Promise<Page<Inspection>> => take(api.GET('/api/v1/inspections', listing(filters)))
export const inspection = (id: Id): Promise<InspectionDetail> => take(api.GET('/api/v1/inspections/{id}', at(id)))
export const recordInspection = (body: S['NewInspection']): Promise<InspectionDetail> => take(api.POST('/api/v1/inspections', { body }))
export const editInspection = (id: Id, body: S['InspectionEdit']): Promise<InspectionDetail> => take(api.PUT('/api/v1/inspections/{id}', { ...at(id), body }))
export const stepInspection = (id: Id, version: number, action: string): Promise<InspectionDetail> => take(api.POST('/api/v1/inspections/{id}/steps', { ...at(id), body: said(version, { action }) }))
export const rectifications = (filters: Filters): Promise<Page<Rectification>> => take(api.GET('/api/v1/rectifications', listing(filters)))
export const rectification = (id: Id): Promise<RectificationDetail> => take(api.GET('/api/v1/rectifications/{id}', at(id)))
export const issueRectification = (body: S['NewRectification']): Promise<RectificationDetail> => take(api.POST('/api/v1/rectifications', { body }))
export const answerRectification = (id: Id, version: number, answer: string): Promise<RectificationDetail> => take(api.POST('/api/v1/rectifications/{id}/answer', { ...at(id), body: { version, answer } }))
export const decideRectification = (id: Id, version: number, body: Said): Promise<RectificationDetail> => take(api.POST('/api/v1/rectifications/{id}/decide', { ...at(id), body: said(version, body) }))

export const regulations = async (filters: Filters): Promise<Regulation[]> => (await take(api.GET('/api/v1/regulations', listing(filters)))).items
export const regulation = (id: Id): Promise<RegulationDetail> => take(api.GET('/api/v1/regulations/{id}', at(id)))
export const regulationVersion = (id: Id, n: number): Promise<RegulationVersion> => take(api.GET('/api/v1/regulations/{id}/versions/{n}', { params: { path: { id, n } } }))
export const publishRegulation = (body: S['NewRegulation']): Promise<RegulationDetail> => take(api.POST('/api/v1/regulations', { body }))
export const reviseRegulation = (id: Id, body: S['RegulationRevision']): Promise<RegulationDetail> => take(api.POST('/api/v1/regulations/{id}/versions', { ...at(id), body }))
export const confirmRegulation = (id: Id, version_id: Id): Promise<RegulationDetail> => take(api.POST('/api/v1/regulations/{id}/confirm', { ...at(id), body: { version_id } }))
export const retireRegulation = (id: Id, version: number, reason: string): Promise<RegulationDetail> => take(api.POST('/api/v1/regulations/{id}/retire', { ...at(id), body: { version, reason } }))
export const readings = (id: Id): Promise<Readings> => take(api.GET('/api/v1/regulations/{id}/readings', at(id)))

export const controlled = async (open?: boolean): Promise<Controlled[]> => (await take(api.GET('/api/v1/change-control', listing({ open })))).items
export const siteChange = (id: Id): Promise<SiteChangeDetail> => take(api.GET('/api/v1/site-changes/{id}', at(id)))
export const proposeSiteChange = (body: S['NewSiteChange']): Promise<SiteChangeDetail> => take(api.POST('/api/v1/site-changes', { body }))
export const editSiteChange = (id: Id, body: S['SiteChangeEdit']): Promise<SiteChangeDetail> => take(api.PUT('/api/v1/site-changes/{id}', { ...at(id), body }))
const DECISIONS = ['approve', 'return', 'ratify', 'refuse']
export const stepSiteChange = (id: Id, version: number, action: string, more: Said = {}): Promise<SiteChangeDetail> =>
  DECISIONS.includes(action) ? take(api.POST('/api/v1/site-changes/{id}/decide', { ...at(id), body: said(version, { action, ...more }) })) : take(api.POST('/api/v1/site-changes/{id}/steps', { ...at(id), body: said(version, { action, ...more }) }))

export const specialTasks = (filters: Filters): Promise<Page<SpecialTask>> => take(api.GET('/api/v1/special-tasks', listing(filters)))
export const specialTask = (id: Id): Promise<SpecialTaskDetail> => take(api.GET('/api/v1/special-tasks/{id}', at(id)))
export const requestSpecialTask = (body: S['NewSpecialTask']): Promise<SpecialTaskDetail> => take(api.POST('/api/v1/special-tasks', { body }))
const ACCEPTANCE = ['accept', 'send_back', 'withdraw']
export const stepSpecialTask = (id: Id, version: number, action: string, more: Said = {}): Promise<SpecialTaskDetail> =>
  ACCEPTANCE.includes(action) ? take(api.POST('/api/v1/special-tasks/{id}/decide', { ...at(id), body: said(version, { action, ...more }) })) : take(api.POST('/api/v1/special-tasks/{id}/steps', { ...at(id), body: said(version, { action, ...more }) }))

export const supplies = (): Promise<SupplyList> => take(api.GET('/api/v1/supplies'))
export const supply = (id: Id): Promise<SupplyDetail> => take(api.GET('/api/v1/supplies/{id}', at(id)))
export const addSupply = (body: S['NewSupply']): Promise<SupplyList> => take(api.POST('/api/v1/supplies', { body }))
export const moveSupply = (id: Id, body: S['NewSupplyMove']): Promise<SupplyDetail> => take(api.POST('/api/v1/supplies/{id}/moves', { ...at(id), body }))
export const signSupply = (id: Id): Promise<SupplyList> => take(api.POST('/api/v1/supply-moves/{id}/sign', at(id)))

export const dailyChecks = (day?: string): Promise<CheckBoard> => take(api.GET('/api/v1/daily-checks', listing({ day })))
export const recordCheck = (body: S['NewDailyCheck']): Promise<CheckBoard> => take(api.POST('/api/v1/daily-checks', { body }))
export const fixCheck = (id: Id, version: number, note: string): Promise<CheckBoard> => take(api.POST('/api/v1/daily-checks/{id}/fix', { ...at(id), body: { version, note } }))

export const pastContracts = (): Promise<Archive> => take(api.GET('/api/v1/past-contracts'))
export const recordContract = (body: S['NewPastContract']): Promise<Archive> => take(api.POST('/api/v1/past-contracts', { body }))
export const settleContract = (id: Id, version: number, verdict: 'verify' | 'void', note: string): Promise<Archive> =>
  verdict === 'verify' ? take(api.POST('/api/v1/past-contracts/{id}/verify', { ...at(id), body: { version, note } })) : take(api.POST('/api/v1/past-contracts/{id}/void', { ...at(id), body: { version, note } }))

export const switchboard = (): Promise<Switchboard> => take(api.GET('/api/v1/continuity'))
export const plan = (id: Id): Promise<PlanDetail> => take(api.GET('/api/v1/continuity/plans/{id}', at(id)))
export type WrittenPlan = S['WrittenPlan']
export const writePlan = (body: WrittenPlan): Promise<PlanDetail> => take(api.POST('/api/v1/continuity/plans', { body }))
export const recordDrill = (id: Id, body: S['NewDrill']): Promise<PlanDetail> => take(api.POST('/api/v1/continuity/plans/{id}/drills', { ...at(id), body }))
export const addStandby = (body: S['NewStandby']): Promise<Switchboard> => take(api.POST('/api/v1/continuity/standbys', { body }))
export const sheets = async (): Promise<PaperSheet[]> => (await take(api.GET('/api/v1/continuity/sheets'))).items
export const numberSheets = (n: number): Promise<unknown> => take(api.POST('/api/v1/continuity/sheets', { body: { sheets: n } }))
export const enterLine = (id: Id, line: number, contact_id: Id): Promise<unknown> => take(api.POST('/api/v1/continuity/sheets/{id}/entries', { ...at(id), body: { line, contact_id } }))
export const closeSheet = (id: Id, version: number, note: string): Promise<unknown> => take(api.POST('/api/v1/continuity/sheets/{id}/close', { ...at(id), body: { version, note } }))
export const sheetForm = (id: Id, format: PaperFormat): string => `/api/v1/continuity/sheets/${id}/form?format=${format}`

/** What a file belongs to. */
export type FileSubject = 'letter' | 'site_change' | 'inspection' | 'rectification' | 'regulation' | 'special_task' | 'daily_check' | 'past_contract' | 'drill'
export function addFile(kind: FileSubject, subject: Id, file: File): Promise<LiaisonFile> {
  const form = new FormData()
  form.append('file', file, file.name)
  return take(api.POST('/api/v1/liaison-files/{kind}/{subject_id}', { params: { path: { kind, subject_id: subject } }, body: form as never, bodySerializer: (body: unknown) => body as FormData }))
}
export const fileAddress = (kind: FileSubject, subject: Id, file: Id): string => `/api/v1/liaison-files/${kind}/${subject}/${file}`

/** Somebody of either side, as people pick him. */
export type Person = Sent<S['SidePerson']>
export const everybody = (): Promise<{ items: Person[] }> => take(api.GET('/api/v1/both-sides'))
