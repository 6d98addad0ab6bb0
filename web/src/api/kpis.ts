// Indicators: the registry, figures, series, the rows behind them, alerts.
import { api, type Filters, listing, type Sent, take } from './client'
import type { components } from './schema'
import type { Id, Page } from './types'

type S = components['schemas']
export const KPI_WAYS = ['day', 'half_hour', 'channel', 'queue', 'matter', 'person'] as const satisfies readonly S['KpiBy'][]
export const KPI_ALERT_STATES = ['raised', 'acknowledged', 'ended'] as const satisfies readonly S['KpiAlertState'][]

export type Kpi = S['Kpi']
export type KpiView = Sent<S['KpiView']>
export type KpiFigure = Sent<S['KpiFigure']>
export type KpiFigures = Sent<S['KpiFigures']>
export type KpiSeries = Sent<S['KpiSeries']>
export type KpiPoint = Sent<S['KpiPoint']>
export type KpiRow = Sent<S['KpiRow']>
export type KpiAlert = Sent<S['KpiAlert']>
export type KpiWay = (typeof KPI_WAYS)[number]

/** Over which days, and of what; what is empty narrows nothing. */
export interface KpiCut { from: string; to: string; channel?: string; queue?: string; matter?: string; person?: string }

const narrowed = (cut: KpiCut): KpiCut => Object.fromEntries(Object.entries(cut).filter(([, value]) => value)) as unknown as KpiCut

export const kpis = (): Promise<KpiView[]> => take(api.GET('/api/v1/kpis')).then((list) => list.items)
export const kpiFigures = (codes: readonly string[], cut: KpiCut): Promise<KpiFigures> => take(api.GET('/api/v1/kpi-figures', { params: { query: { kpis: codes.join(','), ...narrowed(cut) } } }))
export const kpiSeries = (codes: readonly string[], by: KpiWay, cut: KpiCut): Promise<KpiSeries> => take(api.GET('/api/v1/kpi-series', { params: { query: { kpis: codes.join(','), by, ...narrowed(cut) } } }))
export const kpiRows = (kpi: string, cut: KpiCut, filters: Filters): Promise<Page<KpiRow>> =>
  take(api.GET('/api/v1/kpi-rows', { params: { query: { ...(listing(filters).params.query as object), ...narrowed(cut), kpi: kpi as Kpi } as never } }))
export const kpiAlerts = (filters: Filters): Promise<Page<KpiAlert>> => take(api.GET('/api/v1/kpi-alerts', listing(filters)))
export const acknowledgeAlert = (id: Id, version: number, note: string): Promise<KpiAlert> => take(api.POST('/api/v1/kpi-alerts/{id}/acknowledge', { params: { path: { id } }, body: { version, note } }))

/** The file of the same figures. */
export function kpiFile(codes: readonly string[], cut: KpiCut, by?: KpiWay): string {
  const query = new URLSearchParams({ kpis: codes.join(','), ...narrowed(cut), ...(by ? { by } : {}) })
  return `/api/v1/kpi-figures/export?${query.toString()}`
}
