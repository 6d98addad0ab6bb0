// Performance of the agents and what is done where it is low.
import { api, type Filters, listing, type Sent, take } from './client'
import type { components } from './schema'
import type { Id, Page } from './types'

type S = components['schemas']

export const PERFORMANCE_STATES = ['calculated', 'checked', 'released', 'final'] as const satisfies readonly S['PerformanceState'][]

export type PerformanceSheet = Sent<S['PerformanceSheetView']>
export type PerformanceSheetDetail = Sent<S['PerformanceSheetDetail']>
export type PerformanceRow = Sent<S['PerformanceRow']>
export type ImprovementPlan = Sent<S['ImprovementPlanView']>

const at = (id: Id) => ({ params: { path: { id } } })

export const performanceSheets = (filters: Filters): Promise<Page<PerformanceSheet>> => take(api.GET('/api/v1/performance-sheets', listing(filters)))
export const performanceSheet = (id: Id): Promise<PerformanceSheetDetail> => take(api.GET('/api/v1/performance-sheets/{id}', at(id)))
export const calculatePerformance = (month: string) => take(api.POST('/api/v1/performance-sheets', { body: { month } }))
export const takePointsOff = (id: Id, body: S['PointsToTakeOff']): Promise<PerformanceSheetDetail> => take(api.POST('/api/v1/performance-sheets/{id}/deductions', { ...at(id), body }))
export const checkPerformance = (id: Id, version: number): Promise<PerformanceSheetDetail> => take(api.POST('/api/v1/performance-sheets/{id}/check', { ...at(id), body: { version } }))
/** Released first, final the second time. */
export const releasePerformance = (id: Id, version: number): Promise<PerformanceSheetDetail> => take(api.POST('/api/v1/performance-sheets/{id}/release', { ...at(id), body: { version } }))
export const improvementPlans = (filters: Filters): Promise<Page<ImprovementPlan>> => take(api.GET('/api/v1/improvement-plans', listing(filters)))
export const openImprovementPlan = (body: S['NewImprovementPlan']): Promise<ImprovementPlan> => take(api.POST('/api/v1/improvement-plans', { body }))
export const closeImprovementPlan = (id: Id, version: number, note: string): Promise<ImprovementPlan> => take(api.POST('/api/v1/improvement-plans/{id}/close', { ...at(id), body: { version, note } }))
