import { api, type Filters, listing, take } from './client'
import type { AuditChain, AuditRow, Page, Parameter } from './types'

export const audit = (filters: Filters): Promise<Page<AuditRow>> => take(api.GET('/api/v1/audit', listing(filters))) as Promise<Page<AuditRow>>
export const auditChain = (): Promise<AuditChain> => take(api.GET('/api/v1/audit/state'))
export const parameters = (filters: Filters): Promise<Page<Parameter>> => take(api.GET('/api/v1/parameters', listing(filters)))
export type NewParameter = Pick<Parameter, 'key' | 'value' | 'effective_from' | 'source_doc_no' | 'source_url' | 'note'>
export const confirmParameter = (body: NewParameter) => take(api.POST('/api/v1/parameters', { body }))
