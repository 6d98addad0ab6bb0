import { api, type Filters, foundInOrder, listing, take } from './client'
import type { ImportColumns, ImportView, Page, Platform, WorkOrder, WorkOrderReport } from './types'

export const workOrders = (filters: Filters) =>
  foundInOrder((query) => take(api.GET('/api/v1/work-orders', listing(query))) as Promise<Page<WorkOrder>>, filters)
export const platforms = () => take(api.GET('/api/v1/platforms')) as Promise<{ items: Platform[] }>
export const savePlatform = (platform: Platform) =>
  take(api.PUT('/api/v1/platforms/{code}', {
    params: { path: { code: platform.code } },
    body: { version: platform.version, name: platform.name, columns: platform.columns, words: platform.words, active: platform.active } as never,
  })) as Promise<Platform>

function sent(file: File): { body: never; bodySerializer: (body: unknown) => FormData } {
  const form = new FormData()
  form.append('file', file, file.name)
  return { body: form as never, bodySerializer: (body) => body as FormData }
}
export const importColumns = (file: File, platform: string) =>
  take(api.POST('/api/v1/work-orders/import/columns', { params: { query: { platform } }, ...sent(file) })) as Promise<ImportColumns>
export const importWorkOrders = (file: File, platform: string, dryRun: boolean, owner: string | null) =>
  take(api.POST('/api/v1/work-orders/import', { params: { query: { platform, dry_run: dryRun, ...(owner ? { owner } : {}) } }, ...sent(file) })) as Promise<WorkOrderReport>
export const imports = (filters: Filters) => take(api.GET('/api/v1/work-orders/imports', listing(filters))) as Promise<Page<ImportView>>

/** The platform's own template, filled; a download of the browser. */
export function exportAddress(filters: Filters): string {
  const filled = Object.entries(filters).filter(([, value]) => value !== undefined && value !== '')
  return `/api/v1/work-orders/export?${new URLSearchParams(filled.map(([name, value]) => [name, String(value)]))}`
}
