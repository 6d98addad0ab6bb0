import { api, type Filters, listing, take } from './client'
import type { ContactRecord, HistoryLine, Id, Matter, Page, RequestType, Result, Ticket } from './types'

export const tickets = (filters: Filters) => take(api.GET('/api/v1/tickets', listing(filters))) as Promise<Page<Ticket>>
export const ticket = (id: Id) => take(api.GET('/api/v1/tickets/{id}', { params: { path: { id } } })) as Promise<Ticket>
export const ticketHistory = (id: Id): Promise<Page<HistoryLine>> =>
  take(api.GET('/api/v1/tickets/{id}/history', { params: { path: { id }, query: { per_page: 50 } } }))
export interface TicketEdit { version: number; request_type: RequestType | null; matter: string | null; summary: string }
export const editTicket = (id: Id, body: TicketEdit) => take(api.PATCH('/api/v1/tickets/{id}', { params: { path: { id } }, body }))
export const closeTicket = (id: Id, version: number, resolution: string) =>
  take(api.POST('/api/v1/tickets/{id}/close', { params: { path: { id } }, body: { version, resolution } }))
export const matters = () => take(api.GET('/api/v1/matters')) as Promise<{ items: Matter[] }>

export const contactRecords = (filters: Filters) =>
  take(api.GET('/api/v1/contact-records', listing(filters))) as Promise<Page<ContactRecord>>
export const contactRecord = (call: Id) =>
  take(api.GET('/api/v1/contact-records/{call_id}', { params: { path: { call_id: call } } })) as Promise<ContactRecord>
export interface RecordDraft {
  request_type: RequestType | null
  matter: string | null
  result: Result | null
  summary: string
  ticket_id: Id | null
}
/** Without a version the last writer wins: a draft has one writer, whose newest word counts. */
export const saveRecord = (call: Id, body: RecordDraft) =>
  take(api.PUT('/api/v1/contact-records/{call_id}', { params: { path: { call_id: call } }, body })) as Promise<ContactRecord>
export const completeRecord = (call: Id, body: RecordDraft) =>
  take(api.POST('/api/v1/contact-records/{call_id}/complete', { params: { path: { call_id: call } }, body })) as Promise<ContactRecord>
