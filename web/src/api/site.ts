// The site as the day goes: who is where he should be, the day against its forecast, the log.
import { api, type Filters, listing, type Sent, take } from './client'
import type { components } from './schema'
import type { Page, Timestamp } from './types'

type S = components['schemas']

export const SITE_LOG_KINDS = ['hygiene', 'safety', 'incident', 'equipment', 'attendance', 'queue'] as const satisfies readonly S['SiteLogKind'][]

export type AdherenceBoard = Sent<S['AdherenceBoard']>
export type AdherenceLine = Sent<S['AdherenceLine']>
export type Intraday = Sent<S['Intraday']>
export type SiteLogEntry = Sent<S['SiteLogEntry']>
export type SiteLogKind = (typeof SITE_LOG_KINDS)[number]

export const adherence = (): Promise<AdherenceBoard> => take(api.GET('/api/v1/adherence'))
export const intraday = (): Promise<Intraday> => take(api.GET('/api/v1/intraday'))
export const siteLog = (filters: Filters): Promise<Page<SiteLogEntry>> => take(api.GET('/api/v1/site-log', listing(filters)))
export const writeSiteLog = (body: { kind: SiteLogKind; said: string; happened_at?: Timestamp }): Promise<SiteLogEntry> =>
  take(api.POST('/api/v1/site-log', { body }))
