import { get, post, put } from './client'
import type { CalendarDay, CalendarYear, ImportReport, ServiceHours } from './types'

export const year = (y: number) => get<CalendarYear>(`/calendars/${y}`)
export interface CalendarChange {
  version: number
  published: boolean
  source: string
  days: CalendarDay[]
}
export const saveYear = (y: number, body: CalendarChange) => put<CalendarYear>(`/calendars/${y}`, body)
export const importYear = (notice: unknown, dryRun: boolean) =>
  post<ImportReport>('/calendars/import', notice, { dry_run: dryRun })
export const serviceHours = () => get<ServiceHours>('/service-hours')
export const saveServiceHours = (body: Pick<ServiceHours, 'version' | 'periods' | 'late_receipt_is_next_day'>) =>
  put<ServiceHours>('/service-hours', body)
