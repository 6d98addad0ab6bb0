import { api, type Filters, listing, take } from './client'
import type { Id, Page, Requester } from './types'

export const requesters = (filters: Filters): Promise<Page<Requester>> => take(api.GET('/api/v1/requesters', listing(filters)))
export const requester = (id: Id): Promise<Requester> => take(api.GET('/api/v1/requesters/{id}', { params: { path: { id } } }))
export const renameRequester = (id: Id, version: number, name: string): Promise<Requester> =>
  take(api.PATCH('/api/v1/requesters/{id}', { params: { path: { id } }, body: { version, name } }))
/** Shows one value in the clear; the reason stands in the audit trail. */
export const reveal = (id: Id, field: 'phone' | 'name', reason: string) =>
  take(api.POST('/api/v1/requesters/{id}/reveal', { params: { path: { id } }, body: { field, reason } }))
