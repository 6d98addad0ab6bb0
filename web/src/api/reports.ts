// Reports for the purchaser: drafted from templates, checked by another, released and frozen, corrected by a new version.
import { api, type Filters, listing, type Sent, take } from './client'
import type { components } from './schema'
import type { Id, Page } from './types'

type S = components['schemas']

export const REPORT_STATES = ['draft', 'submitted', 'checked', 'released', 'superseded', 'discarded'] as const
export const REPORT_PERIODS = ['daily', 'weekly', 'monthly', 'half_year'] as const satisfies readonly S['ReportPeriodKind'][]
export const REPORT_FORMATS = ['pdf', 'docx', 'xlsx'] as const
export const ALONGS = ['day', 'month', 'half_hour', 'person', 'channel', 'queue', 'matter'] as const satisfies readonly S['Along'][]
export const CHART_FORMS = ['bar', 'line'] as const satisfies readonly S['ChartForm'][]
export const FIGURE_PARTS = ['value', 'base'] as const satisfies readonly S['FigurePart'][]
export const PARTY_SIDES = ['supplier', 'purchaser'] as const satisfies readonly S['SigningSide'][]
export const TEMPLATE_BLOCKS = ['heading', 'text', 'kpis', 'chart', 'table', 'topics', 'notes', 'signatures'] as const satisfies readonly S['TemplateBlock']['kind'][]

export type Report = Sent<S['ServiceReportView']>
export type ReportDetail = Sent<S['ServiceReportDetail']>
export type ReportContent = Sent<S['ReportContent']>
export type ReportBlock = Sent<S['ReportBlock']>
export type ReportChart = Sent<S['ReportChart']>
export type ReportKpi = Sent<S['ReportKpi']>
export type ReportTrailLine = Sent<S['ReportTrailLine']>
export type ReportStep = S['ReportStep']
export type ReportPeriodKind = S['ReportPeriodKind']
export type FigureUnit = S['FigureUnit']
export type Indicator = Sent<S['Indicator']>
export type ReportTemplate = Sent<S['ReportTemplateView']>
export type ReportTemplateDetail = Sent<S['ReportTemplateDetail']>
export type TemplateBlock = Sent<S['TemplateBlock']>
export type TemplateDraft = S['TemplateDraft']

const at = (id: Id) => ({ params: { path: { id } } })

export const reports = (filters: Filters): Promise<Page<Report>> => take(api.GET('/api/v1/reports', listing(filters)))
export const report = (id: Id): Promise<ReportDetail> => take(api.GET('/api/v1/reports/{id}', at(id)))
export const draftReport = (template_id: Id, day: string): Promise<ReportDetail> => take(api.POST('/api/v1/reports', { body: { template_id, day } }))
export const editReport = (id: Id, version: number, title: string, texts: S['ReportWords'][]): Promise<ReportDetail> => take(api.PUT('/api/v1/reports/{id}', { ...at(id), body: { version, title, texts } }))
const said = (version: number, note: string) => ({ body: { version, ...(note ? { note } : {}) } })
export const refreshReport = (id: Id, version: number): Promise<ReportDetail> => take(api.POST('/api/v1/reports/{id}/refresh', { ...at(id), ...said(version, '') }))
export const submitReport = (id: Id, version: number, note: string): Promise<ReportDetail> => take(api.POST('/api/v1/reports/{id}/submit', { ...at(id), ...said(version, note) }))
export const checkReport = (id: Id, version: number, note: string): Promise<ReportDetail> => take(api.POST('/api/v1/reports/{id}/check', { ...at(id), ...said(version, note) }))
export const returnReport = (id: Id, version: number, note: string): Promise<ReportDetail> => take(api.POST('/api/v1/reports/{id}/return', { ...at(id), ...said(version, note) }))
export const releaseReport = (id: Id, version: number, note: string): Promise<ReportDetail> => take(api.POST('/api/v1/reports/{id}/release', { ...at(id), ...said(version, note) }))
export const correctReport = (id: Id, reason: string): Promise<ReportDetail> => take(api.POST('/api/v1/reports/{id}/correct', { ...at(id), body: { reason } }))
export const discardReport = (id: Id, version: number, note: string): Promise<ReportDetail> => take(api.POST('/api/v1/reports/{id}/discard', { ...at(id), ...said(version, note) }))
export const readReport = (id: Id): Promise<ReportDetail> => take(api.POST('/api/v1/reports/{id}/read', at(id)))
/** Where a report leaves the house. */
export const reportAddress = (id: Id, format: (typeof REPORT_FORMATS)[number]): string => `/api/v1/reports/${id}/files/${format}`

export const reportTemplates = (filters: Filters): Promise<Page<ReportTemplate>> => take(api.GET('/api/v1/report-templates', listing(filters)))
export const reportTemplate = (id: Id): Promise<ReportTemplateDetail> => take(api.GET('/api/v1/report-templates/{id}', at(id)))
export const newReportTemplate = (period: ReportPeriodKind, template: TemplateDraft): Promise<ReportTemplateDetail> => take(api.POST('/api/v1/report-templates', { body: { period, template } }))
export const changeReportTemplate = (id: Id, version: number, template: TemplateDraft, retired: boolean): Promise<ReportTemplateDetail> =>
  take(api.POST('/api/v1/report-templates/{id}/versions', { ...at(id), body: { version, template, retired } }))
export const reportIndicators = (): Promise<{ items: Indicator[] }> => take(api.GET('/api/v1/report-indicators'))
