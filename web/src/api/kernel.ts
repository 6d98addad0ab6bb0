import { get, post } from './client'
import type { AuditChain, AuditRow, Page, Parameter } from './types'

type Filters = Record<string, string | number | undefined>

export const audit = (query: Filters) => get<Page<AuditRow>>('/audit', query)
export const auditChain = () => get<AuditChain>('/audit/state')
export const parameters = (query: Filters) => get<Page<Parameter>>('/parameters', query)
export type NewParameter = Pick<Parameter, 'key' | 'value' | 'effective_from' | 'source_doc_no' | 'source_url' | 'note'>
export const confirmParameter = (body: NewParameter) => post<Parameter>('/parameters', body)
