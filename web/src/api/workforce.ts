// Who is at the seats: punches, the sheets of days and their corrections, overtime in an emergency.
import { api, type Filters, listing, type Sent, take } from './client'
import type { components } from './schema'
import type { Id, Page, RuleRow } from './types'

type S = components['schemas']

export const ATTENDANCE_KINDS = ['present', 'stand_in', 'leave', 'absent', 'vacant'] as const satisfies readonly S['AttendanceKind'][]
export const OVERTIME_STATES = ['requested', 'planned', 'worked', 'confirmed', 'withdrawn'] as const satisfies readonly S['OvertimeState'][]

export type AttendanceKind = S['AttendanceKind']
export type AttendanceFinding = S['AttendanceFinding']
export type AttendanceState = S['AttendanceDayState']
export type PunchKind = S['PunchKind']
export type Punch = Sent<S['PunchView']>
export type AttendanceDay = Sent<S['AttendanceDayView']>
export type AttendanceDays = Sent<S['AttendanceDays']>
export type AttendanceLine = Sent<S['AttendanceLine']>
export type AttendanceSheet = Sent<S['AttendanceDayDetail']>
export type Confirmed = Sent<S['ConfirmedAttendance']>
export type Overruled = S['Overruled']
export type Compensation = S['Compensation']
export type OvertimeOrder = Sent<S['OvertimeView']>
export type OvertimeDetail = Sent<S['OvertimeDetail']>
export type PlannedTurn = S['PlannedTurn']
export type WorkforceTerms = S['WorkforceTerms']

const at = (id: Id) => ({ params: { path: { id } } })
const on = (day: string) => ({ params: { path: { day } } })

export const myPunches = async (): Promise<Punch[]> => (await take(api.GET('/api/v1/my-punches'))).items
export const punches = async (day: string): Promise<Punch[]> => (await take(api.GET('/api/v1/punches', listing({ day })))).items
/** What the clock of the device shows goes along as evidence; the server's counts. */
export const punch = async (kind: PunchKind, device: string): Promise<Punch[]> => (await take(api.POST('/api/v1/punches', { body: { kind, device, device_at: new Date().toISOString() } }))).items

export const attendanceDays = (from: string, to: string): Promise<AttendanceDays> => take(api.GET('/api/v1/attendance-days', listing({ from, to })))
export const attendanceDay = (day: string): Promise<AttendanceSheet> => take(api.GET('/api/v1/attendance-days/{day}', on(day)))
export const closeDay = (day: string, version: number, overruled: Overruled[]): Promise<AttendanceSheet> => take(api.POST('/api/v1/attendance-days/{day}/close', { ...on(day), body: { version, overruled } }))
export const sendDayBack = (day: string, version: number, reason: string): Promise<AttendanceSheet> => take(api.POST('/api/v1/attendance-days/{day}/send-back', { ...on(day), body: { version, reason } }))
/** All of them or none. */
export const confirmDays = (days: Pick<AttendanceDay, 'day' | 'version'>[]): Promise<Confirmed> => take(api.POST('/api/v1/attendance-days/confirm', { body: { days: days.map(({ day, version }) => ({ day, version })) } }))
export const attendanceChain = (): Promise<Sent<S['AttendanceChain']>> => take(api.GET('/api/v1/attendance-chain'))

export const corrections = (filters: Filters): Promise<Page<AttendanceLine>> => take(api.GET('/api/v1/attendance-corrections', listing(filters)))
export const proposeCorrection = (body: S['NewAttendanceCorrection']): Promise<AttendanceLine> => take(api.POST('/api/v1/attendance-corrections', { body }))
export const decideCorrection = (id: Id, accept: boolean): Promise<AttendanceLine> => take(api.POST('/api/v1/attendance-corrections/{id}/decide', { ...at(id), body: { accept } }))

export const overtimeOrders = (filters: Filters): Promise<Page<OvertimeOrder>> => take(api.GET('/api/v1/overtime-orders', listing(filters)))
export const overtimeOrder = (id: Id): Promise<OvertimeDetail> => take(api.GET('/api/v1/overtime-orders/{id}', at(id)))
export const requestOvertime = (body: S['NewOvertimeOrder']): Promise<OvertimeDetail> => take(api.POST('/api/v1/overtime-orders', { body }))
export const planOvertime = (id: Id, version: number, turns: PlannedTurn[], despite: string | null): Promise<OvertimeDetail> => take(api.POST('/api/v1/overtime-orders/{id}/plan', { ...at(id), body: { version, turns, despite } }))
export const reportOvertime = (id: Id, version: number, turns: S['WorkedTurn'][]): Promise<OvertimeDetail> => take(api.POST('/api/v1/overtime-orders/{id}/report', { ...at(id), body: { version, turns } }))
export const decideOvertime = (id: Id, version: number, decision: S['OvertimeDecision'], opinion: string | null): Promise<OvertimeDetail> => take(api.POST('/api/v1/overtime-orders/{id}/decide', { ...at(id), body: { version, decision, opinion } }))

/** What ships until the two sides agree anew; the caps of overtime are those of the law (劳动法 第四十一条). */
export const SHIPPED_TERMS: WorkforceTerms = { late_grace_minutes: 5, clock_skew_seconds: 120, same_device_minutes: 30, floor_minutes: 15, overtime_day_minutes: 180, overtime_month_minutes: 2_160 }
/** The limits that hold now; who may not read them goes by what ships. */
export async function workforceTerms(): Promise<WorkforceTerms> {
  const found = (await take(api.GET('/api/v1/rules/workforce-terms'))) as unknown as { items: (RuleRow & { rule: WorkforceTerms })[] }
  return found.items.find((row) => row.standing === 'in_force')?.rule ?? SHIPPED_TERMS
}
