// Calls that were taken on other telephones: written by hand, imported, followed on an exchange.
import { api, type Filters, listing, type Sent, take } from './client'
import type { components } from './schema'
import type { Call, Page } from './types'

type S = components['schemas']
export const CALL_SOURCES = ['shoujie', 'freeswitch', 'import', 'form'] as const
export const CALL_FIELDS = [
  'external_id', 'direction', 'caller', 'hotline', 'agent', 'queue', 'started_at', 'answered_at', 'ended_at', 'wait_s', 'talk_s', 'outcome',
] as const satisfies readonly S['CallField'][]
/** A record cannot do without. */
export const NEEDED_FIELDS: readonly S['CallField'][] = ['external_id', 'caller', 'started_at']
export type CallField = S['CallField']
export type CallByHand = S['CallByHand']
export type CallOrigin = Sent<S['CallOrigin']>
export type CallOriginSetup = S['CallOriginSetup']
export type CallColumns = Sent<S['CallColumnsView']>
/** A long one runs on by itself. */
export type CallReport = Sent<S['CallImport']>
export type CallRemark = Sent<S['CallRemark']>
export type CallImportView = Sent<S['CallImportView']>
export type ExtensionOf = S['ExtensionOf']
export type Exchange = Sent<S['Exchange']>
export type ExchangeSetup = S['ExchangeSetup']

export const writeByHand = (body: CallByHand): Promise<Call> => take(api.POST('/api/v1/calls/by-hand', { body }))

function sent(file: File): { body: never; bodySerializer: (body: unknown) => FormData } {
  const form = new FormData()
  form.append('file', file, file.name)
  return { body: form as never, bodySerializer: (body) => body as FormData }
}
export const callOrigins = () => take(api.GET('/api/v1/call-origins')) as Promise<{ items: CallOrigin[] }>
export const saveOrigin = (code: string, body: CallOriginSetup) => take(api.PUT('/api/v1/call-origins/{code}', { params: { path: { code } }, body })) as Promise<CallOrigin>
export const callColumns = (file: File, origin: string | null) =>
  take(api.POST('/api/v1/calls/import/columns', { params: { query: origin ? { origin } : {} }, ...sent(file) })) as Promise<CallColumns>
export const importCalls = (file: File, origin: string, dryRun: boolean) =>
  take(api.POST('/api/v1/calls/import', { params: { query: { origin, dry_run: dryRun } }, ...sent(file) })) as Promise<CallReport>
/** Runs, or what came of it. */
export const callImport = (id: string): Promise<CallImportView> => take(api.GET('/api/v1/calls/imports/{id}', { params: { path: { id } } }))
export const callImports = (filters: Filters): Promise<Page<CallImportView>> => take(api.GET('/api/v1/calls/imports', listing(filters)))

export const exchanges = () => take(api.GET('/api/v1/exchanges')) as Promise<{ items: Exchange[] }>
export const saveExchange = (code: string, body: ExchangeSetup) => take(api.PUT('/api/v1/exchanges/{code}', { params: { path: { code } }, body })) as Promise<Exchange>
