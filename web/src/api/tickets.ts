import { get, patch, post, put } from './client'
import type { ContactRecord, HistoryLine, Id, Matter, Page, Requester, Ticket } from './types'

type Filters = Record<string, string | number | boolean | undefined>

export const tickets = (query: Filters) => get<Page<Ticket>>('/tickets', query)
export const ticket = (id: Id) => get<Ticket>(`/tickets/${id}`)
export const ticketHistory = (id: Id) => get<Page<HistoryLine>>(`/tickets/${id}/history`, { per_page: 50 })
export const editTicket = (id: Id, change: Partial<Pick<Ticket, 'request_type' | 'matter' | 'summary'>> & { version: number }) =>
  patch<Ticket>(`/tickets/${id}`, change)
export const closeTicket = (id: Id, version: number, resolution: string) =>
  post<Ticket>(`/tickets/${id}/close`, { version, resolution })
export const matters = () => get<{ items: Matter[] }>('/matters')

export const contactRecords = (query: Filters) => get<Page<ContactRecord>>('/contact-records', query)
export const contactRecord = (call: Id) => get<ContactRecord>(`/contact-records/${call}`)
export type RecordDraft = Pick<ContactRecord, 'request_type' | 'matter' | 'result' | 'summary' | 'ticket_id'>
/** Without a version the last writer wins: a draft has one writer, whose newest word counts. */
export const saveRecord = (call: Id, draft: RecordDraft) => put<ContactRecord>(`/contact-records/${call}`, draft)
export const completeRecord = (call: Id, draft: RecordDraft) =>
  post<ContactRecord>(`/contact-records/${call}/complete`, draft)

export const requesters = (query: Filters) => get<Page<Requester>>('/requesters', query)
export const requester = (id: Id) => get<Requester>(`/requesters/${id}`)
export const renameRequester = (id: Id, version: number, name: string) => patch<Requester>(`/requesters/${id}`, { version, name })
export const reveal = (id: Id, field: 'phone' | 'name', reason: string) =>
  post<{ value: string }>(`/requesters/${id}/reveal`, { field, reason })
