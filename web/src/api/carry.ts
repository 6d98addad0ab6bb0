// What a predecessor hands over, and everything out at the end.
import { api, type Filters, listing, type Sent, take } from './client'
import type { components } from './schema'
import type { Page } from './types'

type S = components['schemas']
export const CARRY_KINDS = ['people', 'articles', 'exam_plans', 'title_batches', 'synonyms', 'tickets', 'history'] as const satisfies readonly S['CarryKind'][]
export type CarryKind = S['CarryKind']
export type CarryKindView = Sent<S['CarryKindView']>
export type CarryColumns = Sent<S['CarryColumns']>
export type CarryReport = Sent<S['CarryReport']>
export type CarryRemark = Sent<S['SheetRemark']>
export type CarryImportView = Sent<S['CarryImportView']>
export type ExportView = Sent<S['ExportView']>
export type ExportDetail = Sent<S['ExportDetail']>

function sent(file: File): { body: never; bodySerializer: (body: unknown) => FormData } {
  const form = new FormData()
  form.append('file', file, file.name)
  return { body: form as never, bodySerializer: (body) => body as FormData }
}
export const carryKinds = () => take(api.GET('/api/v1/carry')) as Promise<{ items: CarryKindView[] }>
export const carryTemplate = (kind: string): string => `/api/v1/carry/${kind}/template`
export const carryErrors = (id: string): string => `/api/v1/carry-imports/${id}/errors`
export const carryColumns = (kind: string, file: File) => take(api.POST('/api/v1/carry/{kind}/columns', { params: { path: { kind } }, ...sent(file) })) as Promise<CarryColumns>
export const saveCarryColumns = (kind: string, columns: Record<string, string>) => take(api.PUT('/api/v1/carry/{kind}/columns', { params: { path: { kind } }, body: { columns } }))
export const bringCarried = (kind: string, file: File, dryRun: boolean, transition: string | null) =>
  take(api.POST('/api/v1/carry/{kind}/import', { params: { path: { kind }, query: { dry_run: dryRun, ...(transition ? { transition } : {}) } }, ...sent(file) })) as Promise<CarryReport>
export const carryImports = (filters: Filters): Promise<Page<CarryImportView>> => take(api.GET('/api/v1/carry-imports', listing(filters)))
/** Runs, or what came of it. */
export const carryImport = (id: string) => take(api.GET('/api/v1/carry-imports/{id}', { params: { path: { id } } })) as Promise<CarryImportView & { report: CarryReport }>

export const carriedHistory = (filters: Filters): Promise<Page<Sent<S['CarriedRecord']>>> => take(api.GET('/api/v1/carried-history', listing(filters)))

export const exportsOf = (filters: Filters): Promise<Page<ExportView>> => take(api.GET('/api/v1/exports', listing(filters)))
export const exportOf = (id: string) => take(api.GET('/api/v1/exports/{id}', { params: { path: { id } } })) as Promise<ExportDetail>
export const askExport = (reason: string) => take(api.POST('/api/v1/exports', { body: { reason } })) as Promise<ExportDetail>
export const decideExport = (id: string, version: number, yes: boolean, opinion: string) =>
  take(api.POST('/api/v1/exports/{id}/decide', { params: { path: { id } }, body: { version, yes, ...(opinion ? { opinion } : {}) } })) as Promise<ExportDetail>
export const repeatExport = (id: string, version: number) => take(api.POST('/api/v1/exports/{id}/again', { params: { path: { id } }, body: { version } })) as Promise<ExportDetail>
export const exportFile = (id: string, path: string): string => `/api/v1/exports/${id}/file?path=${encodeURIComponent(path)}`

export const RETURN_MEDIA = ['server', 'backups', 'workstations', 'paper', 'messengers'] as const satisfies readonly S['ReturnMedium'][]
export type ReturnMedium = S['ReturnMedium']
export type DataReturn = Sent<S['DataReturnView']>
export type DataReturnDetail = Sent<S['DataReturnDetail']>
export type DataReturnVerb = S['DataReturnVerb']

const returned = (id: string) => ({ params: { path: { id } } })
export const dataReturns = (filters: Filters): Promise<Page<DataReturn>> => take(api.GET('/api/v1/data-returns', listing(filters)))
export const dataReturn = (id: string) => take(api.GET('/api/v1/data-returns/{id}', returned(id))) as Promise<DataReturnDetail>
export const offerDataReturn = (exportId: string, endedOn: string) => take(api.POST('/api/v1/data-returns', { body: { export_id: exportId, contract_ended_on: endedOn } })) as Promise<DataReturnDetail>
export const receiveDataReturn = (id: string, version: number, sha256: string, endedOn: string, note: string) =>
  take(api.POST('/api/v1/data-returns/{id}/receive', { ...returned(id), body: { version, manifest_sha256: sha256, contract_ended_on: endedOn, ...(note ? { note } : {}) } })) as Promise<DataReturnDetail>
export const stepDataReturn = (id: string, version: number, verb: DataReturnVerb) => take(api.POST('/api/v1/data-returns/{id}/steps', { ...returned(id), body: { version, ...verb } })) as Promise<DataReturnDetail>
export const acceptDataReturn = (id: string, version: number, accept: boolean, reason: string) =>
  take(api.POST('/api/v1/data-returns/{id}/accept', { ...returned(id), body: { version, accept, ...(reason ? { reason } : {}) } })) as Promise<DataReturnDetail>
export const dataReturnCertificate = (id: string): string => `/api/v1/data-returns/${id}/certificate`
