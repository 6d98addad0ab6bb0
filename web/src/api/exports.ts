// What leaves the house as a file: requests, the log, and who looked at what.
import { api, type Filters, listing, type Sent, take } from './client'
import { Problem } from './problem'
import type { components } from './schema'
import type { Id, Page } from './types'

type S = components['schemas']
export const EXPORT_KINDS = ['work_orders', 'follow_ups', 'training_ledger', 'questions', 'matters', 'lookups', 'recording', 'call_trace', 'statements', 'reports', 'kpi_figures', 'return_certificate'] as const satisfies readonly S['ExportKind'][]
export const EXPORT_STATES = ['waiting', 'approved', 'declined', 'withdrawn', 'used', 'lapsed'] as const satisfies readonly S['ExportRequestState'][]
export const ACCESS_KINDS = ['reveal', 'export', 'listen', 'file', 'print'] as const satisfies readonly S['AccessKind'][]

export type ExportRequest = Sent<S['ExportRequestView']>
export type Taken = Sent<S['TakenFile']>
export type AccessLine = Sent<S['AccessLine']>
export type AccessCounts = Sent<S['AccessCounts']>

const at = (id: Id) => ({ params: { path: { id } } })
export const exportRequests = (filters: Filters): Promise<Page<ExportRequest>> => take(api.GET('/api/v1/export-requests', listing(filters)))
export const exportRequest = (id: Id): Promise<ExportRequest> => take(api.GET('/api/v1/export-requests/{id}', at(id)))
export const askExport = (body: { target: string; reason: string; rows: number; until: string }): Promise<ExportRequest> => take(api.POST('/api/v1/export-requests', { body }))
export const decideExport = (id: Id, version: number, approve: boolean, note: string): Promise<ExportRequest> =>
  take(api.POST('/api/v1/export-requests/{id}/decide', { ...at(id), body: { version, approve, note } }))
export const withdrawExport = (id: Id, version: number): Promise<ExportRequest> => take(api.POST('/api/v1/export-requests/{id}/withdraw', { ...at(id), body: { version } }))
export const takenFiles = (filters: Filters): Promise<Page<Taken>> => take(api.GET('/api/v1/export-log', listing(filters)))
export const accessLog = (filters: Filters): Promise<Page<AccessLine>> => take(api.GET('/api/v1/access-log', listing(filters)))
export const accessCounts = (from: string, to: string): Promise<AccessCounts> => take(api.GET('/api/v1/access-log/people', { params: { query: { from, to } } }))
export const notePrint = (page: string): Promise<Sent<S['PrintMark']>> => take(api.POST('/api/v1/prints', { body: { page } }))

/** The address of an export with the request it passes with. */
export const passing = (address: string, request: Id): string => `${address}${address.includes('?') ? '&' : '?'}export_request=${request}`

/** Fetches a file and hands it to the browser; a refusal is thrown as everywhere. */
export async function fetchFile(address: string): Promise<void> {
  let answer: Response
  try {
    answer = await fetch(address, { credentials: 'same-origin' })
  } catch {
    throw Problem.unreachable()
  }
  if (!answer.ok) throw new Problem(answer.status, (await answer.json().catch(() => ({}))) as Record<string, unknown>)
  const named = /filename\*?=(?:UTF-8'')?"?([^";]+)/.exec(answer.headers.get('content-disposition') ?? '')
  const link = document.createElement('a')
  link.href = URL.createObjectURL(await answer.blob())
  link.download = named ? decodeURIComponent(named[1]!) : 'export.xlsx'
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000)
}
