// Rosters by month, the kinds of shift, one's own roster, leave and swaps.
import { api, type Filters, listing, type Sent, take } from './client'
import type { components } from './schema'
import type { Id, Page, RuleRow } from './types'

type S = components['schemas']

export const LEAVE_KINDS = ['annual', 'sick', 'personal', 'marriage', 'maternity', 'paternity', 'bereavement', 'comp', 'purchaser_training'] as const satisfies readonly S['LeaveKind'][]
export const LEAVE_STATES = ['requested', 'approved', 'refused', 'withdrawn'] as const satisfies readonly S['LeaveState'][]
export const SWAP_STATES = ['asked', 'accepted', 'approved', 'declined', 'refused', 'withdrawn'] as const satisfies readonly S['SwapState'][]

export type Shift = Sent<S['ShiftTemplate']>
export type Finding = Sent<S['RosterFinding']>
export type Roster = Sent<S['RosterDetail']>
export type RosterDay = Sent<S['RosterDay']>
export type RosterChange = Sent<S['RosterChange']>
export type CellChange = S['CellChange']
export type WhyNot = Sent<S['WhyNot']>
export type Draft = Sent<S['RosterDraft']>
export type Repair = Sent<S['RosterRepair']>
export type OwnDay = Sent<S['OwnDay']>
export type Leave = Sent<S['LeaveView']>
export type LeaveDetail = Sent<S['LeaveDetail']>
export type LeaveKind = S['LeaveKind']
export type NewLeave = S['NewLeaveRequest']
export type CompLeave = Sent<S['CompLeave']>
export type Swap = Sent<S['SwapView']>
export type SwapDetail = Sent<S['SwapDetail']>
export type WantedSwap = S['WantedSwap']
export type RosterTerms = S['RosterTerms']

const at = (id: Id) => ({ params: { path: { id } } })
const of = (month: string) => ({ params: { path: { month } } })

export const shifts = async (archived = false): Promise<Shift[]> => (await take(api.GET('/api/v1/shift-templates', listing({ archived })))).items
export const addShift = (body: S['NewShiftTemplate']): Promise<Shift> => take(api.POST('/api/v1/shift-templates', { body }))
export const editShift = (id: string, body: S['EditShiftTemplate']): Promise<Shift> => take(api.PUT('/api/v1/shift-templates/{id}', { ...at(id), body }))
export const archiveShift = (id: string, version: number, archived: boolean): Promise<Shift> => take(api.POST('/api/v1/shift-templates/{id}/archive', { ...at(id), body: { version, archived } }))

export const roster = (month: string): Promise<Roster> => take(api.GET('/api/v1/rosters/{month}', of(month)))
export const editCells = (month: string, version: number, changes: CellChange[], reason: string | null, despite: string | null): Promise<Roster> =>
  take(api.PUT('/api/v1/rosters/{month}/cells', { ...of(month), body: { version, changes, reason, despite } }))
export const publishRoster = (month: string, version: number, despite: string | null): Promise<Roster> => take(api.POST('/api/v1/rosters/{month}/publish', { ...of(month), body: { version, despite } }))
export const rosterChanges = (month: string, filters: Filters): Promise<Page<RosterChange>> => take(api.GET('/api/v1/rosters/{month}/changes', { params: { path: { month }, query: listing(filters).params.query } }))
export const whatIf = async (month: string, away: { day: string; user_id: Id }[]): Promise<Finding[]> => (await take(api.POST('/api/v1/rosters/{month}/what-if', { ...of(month), body: { away } }))).items
export const whyNot = async (month: string, day: string, user_id: Id): Promise<WhyNot[]> => (await take(api.GET('/api/v1/rosters/{month}/why-not', { params: { path: { month }, query: { day, user_id } } }))).items
export const askDraft = (month: string, version: number, seconds: number): Promise<Draft> => take(api.POST('/api/v1/rosters/{month}/draft', { ...of(month), body: { version, seconds } }))
export const draft = (id: Id): Promise<Draft> => take(api.GET('/api/v1/roster-drafts/{id}', at(id)))
export const repair = (month: string, away: { user_id: Id; from: string; to: string }[]): Promise<Repair> => take(api.POST('/api/v1/rosters/{month}/repair', { ...of(month), body: { away } }))

export const myRoster = async (from: string, to: string): Promise<OwnDay[]> => (await take(api.GET('/api/v1/my-roster', listing({ from, to })))).days
export const icsAddress = (from: string, to: string): string => `/api/v1/my-roster.ics?from=${from}&to=${to}`

export const leaves = (filters: Filters): Promise<Page<Leave>> => take(api.GET('/api/v1/leave-requests', listing(filters)))
export const leave = (id: Id): Promise<LeaveDetail> => take(api.GET('/api/v1/leave-requests/{id}', at(id)))
export const askLeave = (body: NewLeave): Promise<LeaveDetail> => take(api.POST('/api/v1/leave-requests', { body }))
export const registerLeave = (body: S['RegisteredLeave']): Promise<LeaveDetail> => take(api.POST('/api/v1/leave-requests/register', { body }))
export const decideLeave = (id: Id, version: number, approve: boolean, opinion: string | null): Promise<LeaveDetail> => take(api.POST('/api/v1/leave-requests/{id}/decide', { ...at(id), body: { version, approve, opinion } }))
export const withdrawLeave = (id: Id, version: number): Promise<LeaveDetail> => take(api.POST('/api/v1/leave-requests/{id}/withdraw', { ...at(id), body: { version } }))
export const compLeave = async (): Promise<CompLeave[]> => (await take(api.GET('/api/v1/comp-leave'))).items

export const swaps = (filters: Filters): Promise<Page<Swap>> => take(api.GET('/api/v1/shift-swaps', listing(filters)))
export const swap = (id: Id): Promise<SwapDetail> => take(api.GET('/api/v1/shift-swaps/{id}', at(id)))
export const checkSwap = (body: WantedSwap): Promise<{ may: boolean; findings: Finding[] }> => take(api.POST('/api/v1/shift-swaps/check', { body }))
export const askSwap = (body: WantedSwap & { reason: string }): Promise<SwapDetail> => take(api.POST('/api/v1/shift-swaps', { body }))
export const answerSwap = (id: Id, version: number, accept: boolean, opinion: string | null): Promise<SwapDetail> => take(api.POST('/api/v1/shift-swaps/{id}/answer', { ...at(id), body: { version, accept, opinion } }))
export const decideSwap = (id: Id, version: number, approve: boolean, opinion: string | null): Promise<SwapDetail> => take(api.POST('/api/v1/shift-swaps/{id}/decide', { ...at(id), body: { version, approve, opinion } }))
export const withdrawSwap = (id: Id, version: number): Promise<SwapDetail> => take(api.POST('/api/v1/shift-swaps/{id}/withdraw', { ...at(id), body: { version } }))

/** What ships until the two sides agree anew. */
export const SHIPPED_ROSTER_TERMS: RosterTerms = { rest_minutes: 660, days_in_a_row: 6, week_minutes: 2_400, lunch_seats: 2, seats: 6, swap_auto: false, draft_seconds: 2 }
export async function rosterTerms(): Promise<RosterTerms> {
  const found = (await take(api.GET('/api/v1/rules/roster-terms'))) as unknown as { items: (RuleRow & { rule: RosterTerms })[] }
  return found.items.find((row) => row.standing === 'in_force')?.rule ?? SHIPPED_ROSTER_TERMS
}
