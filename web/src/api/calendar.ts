import { api, take } from './client'
import type { CalendarDay, CalendarYear, ImportReport, ServiceHours } from './types'

export const year = (y: number) => take(api.GET('/api/v1/calendars/{year}', { params: { path: { year: y } } })) as Promise<CalendarYear>
export interface CalendarChange {
  version: number
  published: boolean
  source: string
  days: CalendarDay[]
}
export const saveYear = (y: number, body: CalendarChange) =>
  take(api.PUT('/api/v1/calendars/{year}', { params: { path: { year: y } }, body })) as Promise<CalendarYear>
export const importYear = (notice: unknown, dryRun: boolean): Promise<ImportReport> =>
  take(api.POST('/api/v1/calendars/import', { params: { query: { dry_run: dryRun } }, body: notice as never }))
export const serviceHours = (): Promise<ServiceHours> => take(api.GET('/api/v1/service-hours'))
export const saveServiceHours = (body: Pick<ServiceHours, 'version' | 'periods' | 'late_receipt_is_next_day'>): Promise<ServiceHours> =>
  take(api.PUT('/api/v1/service-hours', { body }))
