// What the service costs and what is paid for it (A-62 … A-69): contract, attendance sheets, statements, open questions.
import { api, type Filters, listing, type Sent, take } from './client'
import type { components } from './schema'
import type { Id, Page, RuleRow } from './types'

type S = components['schemas']

export const STATEMENT_STATES = ['draft', 'internal_checked', 'submitted', 'under_review', 'rejected', 'confirmed', 'invoiced', 'payment_due', 'paid', 'closed'] as const
export const PRESENCE_KINDS = ['present', 'half_day', 'late', 'substitute', 'purchaser_training', 'paid_leave', 'sick_leave', 'unpaid_leave', 'overtime', 'absent'] as const satisfies readonly S['PresenceKind'][]
/** Nobody who is away has minutes at the seat. */
export const AWAY: readonly string[] = ['purchaser_training', 'paid_leave', 'sick_leave', 'unpaid_leave', 'absent']

export const SHEET_STATES = ['submitted', 'signed', 'returned'] as const
export const HAND_IN_WAYS = ['in_person', 'post', 'electronic'] as const

export type ServiceContract = Sent<S['ServiceContractView']>
export type ServiceContractDetail = Sent<S['ServiceContractDetail']>
export type Budget = Sent<S['BudgetView']>
export type PriceProposal = Sent<S['PriceProposalView']>
export type Sheet = Sent<S['AttendanceSheetView']>
export type SheetDay = Sent<S['AttendanceSheetDay']>
export type NewSheetDay = S['NewAttendanceDay']
export type Statement = Sent<S['StatementView']>
export type StatementDetail = Omit<Sent<S['StatementDetail']>, 'rules'> & { rules: FeeRules | null }
/** A signed day that a line was made of. */
export type EvidenceDay = Sent<S['SignedDayView']>
/** The lines as they were submitted in one round. */
export type Round = Sent<S['StatementRound']>
export type StatementLine = Sent<S['StatementLineView']>
export type Objection = Sent<S['ObjectionView']>
export type NewObjection = S['NewObjection']
export type Adjustment = Sent<S['AdjustmentView']>
export type Invoice = Sent<S['InvoiceView']>
export type Payment = Sent<S['StatementPaymentView']>
export type Check = Sent<S['CheckView']>
export type Line = Sent<S['TrailLine']>
export type OpenQuestion = Sent<S['OpenQuestionView']>
export type PresenceKind = S['PresenceKind']
export type PresenceCount = S['PresenceCount']
/** What a statement was counted by, as it was then; `changes` where the contract changes its counting within the half year. */
export interface FeeRules { method: string; seats: number; presence: PresenceCount[]; prices: { from: string; fen: number }[]; changes?: { from: string; method: string; presence: PresenceCount[] }[] }

const at = (id: Id) => ({ params: { path: { id } } })

export const serviceContracts = (filters: Filters): Promise<Page<ServiceContract>> => take(api.GET('/api/v1/service-contracts', listing(filters)))
export const serviceContract = (id: Id): Promise<ServiceContractDetail> => take(api.GET('/api/v1/service-contracts/{id}', at(id)))
export const draftContract = (body: S['NewServiceContract']): Promise<ServiceContractDetail> => take(api.POST('/api/v1/service-contracts', { body }))
export const signContract = (id: Id, version: number): Promise<ServiceContractDetail> => take(api.POST('/api/v1/service-contracts/{id}/sign', { ...at(id), body: { version } }))
export const takeCounting = (id: Id, version: number, from_day: string): Promise<ServiceContractDetail> => take(api.POST('/api/v1/service-contracts/{id}/counting', { ...at(id), body: { version, from_day } }))
export const priceProposals = (filters: Filters): Promise<Page<PriceProposal>> => take(api.GET('/api/v1/price-proposals', listing(filters)))
export const proposePrice = (id: Id, body: S['NewPriceProposal']): Promise<PriceProposal> => take(api.POST('/api/v1/service-contracts/{id}/price-proposals', { ...at(id), body }))
export const decidePrice = (id: Id, version: number, sign: boolean, note: string): Promise<PriceProposal> =>
  take(api.POST('/api/v1/price-proposals/{id}/decide', { ...at(id), body: { version, sign, ...(note ? { note } : {}) } }))
export const withdrawPrice = (id: Id, version: number): Promise<PriceProposal> => take(api.POST('/api/v1/price-proposals/{id}/withdraw', { ...at(id), body: { version } }))

export const sheets = (filters: Filters): Promise<Page<Sheet>> => take(api.GET('/api/v1/attendance-sheets', listing(filters)))
export const sheet = (id: Id): Promise<Sheet> => take(api.GET('/api/v1/attendance-sheets/{id}', at(id)))
export const sheetDays = (id: Id, filters: Filters): Promise<Page<SheetDay>> => take(api.GET('/api/v1/attendance-sheets/{id}/days', { params: { path: { id }, query: listing(filters).params.query } }))
export const submitSheet = (days: NewSheetDay[], note: string): Promise<Sheet> => take(api.POST('/api/v1/attendance-sheets', { body: { days, ...(note ? { note } : {}) } }))
export const decideSheet = (id: Id, version: number, sign: boolean, note: string): Promise<Sheet> =>
  take(api.POST('/api/v1/attendance-sheets/{id}/decide', { ...at(id), body: { version, sign, ...(note ? { note } : {}) } }))

const detail = (asked: Promise<unknown>): Promise<StatementDetail> => asked as Promise<StatementDetail>
export const statements = (filters: Filters): Promise<Page<Statement>> => take(api.GET('/api/v1/statements', listing(filters)))
export const statement = (id: Id): Promise<StatementDetail> => detail(take(api.GET('/api/v1/statements/{id}', at(id))))
export const statementChecks = (id: Id): Promise<{ items: Check[]; blocked: boolean }> => take(api.GET('/api/v1/statements/{id}/checks', at(id)))
export const lineDays = (id: Id, line_id: Id): Promise<{ items: EvidenceDay[] }> => take(api.GET('/api/v1/statements/{id}/lines/{line_id}/days', { params: { path: { id, line_id } } }))
export const statementRounds = (id: Id): Promise<{ items: Round[] }> => take(api.GET('/api/v1/statements/{id}/rounds', at(id)))
export const prepareStatement = (id: Id, version: number, action: S['Preparation'], receipt_no = ''): Promise<StatementDetail> =>
  detail(take(api.POST('/api/v1/statements/{id}/prepare', { ...at(id), body: { version, action, ...(receipt_no ? { receipt_no } : {}) } })))
export const checkStatement = (id: Id, version: number, passed: boolean, note: string): Promise<StatementDetail> =>
  detail(take(api.POST('/api/v1/statements/{id}/check', { ...at(id), body: { version, passed, ...(note ? { note } : {}) } })))
export const reviewStatement = (id: Id, body: S['ReviewStep']): Promise<StatementDetail> => detail(take(api.POST('/api/v1/statements/{id}/review', { ...at(id), body })))
export const issueInvoice = (id: Id, body: S['NewInvoice']): Promise<StatementDetail> => detail(take(api.POST('/api/v1/statements/{id}/invoice', { ...at(id), body })))
export const handInInvoice = (id: Id, body: S['InvoiceHandIn']): Promise<StatementDetail> => detail(take(api.POST('/api/v1/statements/{id}/invoice/hand-in', { ...at(id), body })))
export const receiveInvoice = (id: Id, body: S['InvoiceReceipt']): Promise<StatementDetail> => detail(take(api.POST('/api/v1/statements/{id}/invoice/receive', { ...at(id), body })))
export const payStatement = (id: Id, body: S['NewStatementPayment']): Promise<StatementDetail> => detail(take(api.POST('/api/v1/statements/{id}/payments', { ...at(id), body })))
export const recountStatement = (id: Id, version: number, reason: string): Promise<StatementDetail> => detail(take(api.POST('/api/v1/statements/{id}/recount', { ...at(id), body: { version, reason } })))
/** Where a statement leaves the house, as a sheet of numbers or as the frozen paper. */
export const sheetAddress = (id: Id): string => `/api/v1/statements/${id}/export`
export const paperAddress = (id: Id, stage?: string): string => `/api/v1/statements/${id}/pdf${stage ? `?stage=${stage}` : ''}`

export const adjustments = (filters: Filters): Promise<Page<Adjustment>> => take(api.GET('/api/v1/settlement-adjustments', listing(filters)))
export const decideAdjustment = (id: Id, version: number, agree: boolean, note: string): Promise<Adjustment> =>
  take(api.POST('/api/v1/settlement-adjustments/{id}/decide', { ...at(id), body: { version, agree, ...(note ? { note } : {}) } }))
export const settleAdjustment = (id: Id, version: number, receipt_no: string): Promise<Adjustment> => take(api.POST('/api/v1/settlement-adjustments/{id}/settle', { ...at(id), body: { version, receipt_no } }))

export const openQuestions = (): Promise<{ items: OpenQuestion[]; open: number }> => take(api.GET('/api/v1/open-questions'))
export interface NewAnswer { rule: Record<string, unknown>; effective_from: string | null; source: string }
export const answers = (): Promise<{ items: RuleRow[] }> => take(api.GET('/api/v1/rules/settlement-answers')) as Promise<unknown> as Promise<{ items: RuleRow[] }>
export const presenceCounts = (): Promise<{ items: RuleRow[] }> => take(api.GET('/api/v1/rules/presence-counts')) as Promise<unknown> as Promise<{ items: RuleRow[] }>
export const answerQuestion = (body: NewAnswer): Promise<unknown> => take(api.POST('/api/v1/rules/settlement-answers', { body: body as never }))
export const setPresence = (body: NewAnswer): Promise<unknown> => take(api.POST('/api/v1/rules/presence-counts', { body: body as never }))
