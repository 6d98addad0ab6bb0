import { api, type Filters, foundInOrder, listing, type Sent, take } from './client'
import type { components } from './schema'
import type {
  ClockLine, ContactRecord, FirstOwnerMeasures, FormField, HistoryLine, Id, LinkKind, Matter, MySection, Offered, Page, Priority, PublicStatus, Receiver,
  RequestType, Result, Satisfaction, Surroundings, Ticket, TicketDetail, TicketFile, TicketForm, TicketNote,
} from './types'

type S = components['schemas']
const path = (id: Id) => ({ params: { path: { id } } })

export const tickets = (filters: Filters) =>
  foundInOrder((query) => take(api.GET('/api/v1/tickets', listing(query))) as Promise<Page<Ticket>>, filters)
/** Of what was opened from one moment up to the other; who sees only his own tickets gets his own numbers. */
export const firstOwnerMeasures = (from: string, to: string) =>
  take(api.GET('/api/v1/first-owner-measures', { params: { query: { from, to } } })) as Promise<{ items: FirstOwnerMeasures[] }>
export const receivers = (id: Id) => take(api.GET('/api/v1/tickets/{id}/receivers', path(id))) as Promise<{ items: Receiver[] }>
/** A repeat contact without a call is noted on the open ticket. */
export const noteContact = (id: Id, whose: { phone: string } | { requester_id: Id }, summary: string) =>
  take(api.POST('/api/v1/tickets/{id}/contacts', { ...path(id), body: { ...whose, summary } as never }))
export const ticket = (id: Id) => take(api.GET('/api/v1/tickets/{id}', path(id))) as Promise<TicketDetail>
export const ticketHistory = (id: Id, perPage = 100): Promise<Page<HistoryLine>> =>
  take(api.GET('/api/v1/tickets/{id}/history', { params: { path: { id }, query: { per_page: perPage } } }))
/** The same from the first line on. */
export const ticketTrail = (id: Id): Promise<Page<HistoryLine>> =>
  take(api.GET('/api/v1/tickets/{id}/history', { params: { path: { id }, query: { sort: 'at', per_page: 200 } } }))
export const ticketClock = (id: Id) => take(api.GET('/api/v1/tickets/{id}/clock', path(id))) as Promise<{ items: ClockLine[] }>

/** What a ticket says; a field left out stays as it is. */
export interface TicketWords {
  request_type?: RequestType
  matter?: string
  priority?: Priority
  title?: string
  summary?: string
  incident_address?: string
  form?: TicketForm
  confidential?: boolean
  complained_agent?: Id
}
export const editTicket = (id: Id, version: number, body: TicketWords) =>
  take(api.PATCH('/api/v1/tickets/{id}', { ...path(id), body: { version, ...body } as never })) as Promise<TicketDetail>
export type NewTicket = TicketWords & { phone?: string; requester_id?: Id; anyway?: boolean; request_type: RequestType; matter: string; summary: string }
export const openTicket = (body: NewTicket) => take(api.POST('/api/v1/tickets', { body: body as never })) as Promise<TicketDetail>

export type Desk = Offered['desk']
const DOORS = {
  handle: '/api/v1/tickets/{id}/handle', dispatch: '/api/v1/tickets/{id}/dispatch', sign_off: '/api/v1/tickets/{id}/sign-off',
} as const satisfies Record<Desk, string>
/** Does one of the actions that the ticket offers, with the fields it needs. */
export const act = (id: Id, version: number, desk: Desk, action: string, fields: Record<string, unknown> = {}) =>
  take(api.POST(DOORS[desk], { ...path(id), body: { version, action, ...fields } as never })) as Promise<TicketDetail>

export type NoteKind = 'internal' | 'requester'
export const ticketNotes = (id: Id) =>
  take(api.GET('/api/v1/tickets/{id}/notes', { params: { path: { id }, query: { per_page: 200 } } })) as Promise<Page<TicketNote>>
export const addNote = (id: Id, kind: NoteKind, body: string) =>
  take(api.POST('/api/v1/tickets/{id}/notes', { ...path(id), body: { kind, body } })) as Promise<TicketNote>
export const ticketFiles = (id: Id) => take(api.GET('/api/v1/tickets/{id}/files', path(id))) as Promise<{ items: TicketFile[] }>
export const fileAddress = (id: Id, file: Id) => `/api/v1/tickets/${id}/files/${file}`
export function addFile(id: Id, file: File): Promise<TicketFile> {
  const form = new FormData()
  form.append('file', file, file.name)
  return take(api.POST('/api/v1/tickets/{id}/files', { ...path(id), body: form as never, bodySerializer: (body: unknown) => body as FormData })) as Promise<TicketFile>
}
export const surroundings = (id: Id) => take(api.GET('/api/v1/tickets/{id}/links', path(id))) as Promise<Surroundings>
export const addLink = (id: Id, kind: LinkKind, other: Id) =>
  take(api.POST('/api/v1/tickets/{id}/links', { ...path(id), body: { kind, other_id: other } })) as Promise<Surroundings>
export const watchTicket = (id: Id, on: boolean) =>
  take(on ? api.PUT('/api/v1/tickets/{id}/watch', path(id)) : api.DELETE('/api/v1/tickets/{id}/watch', path(id)))
export const ticketForms = () => take(api.GET('/api/v1/ticket-forms')) as Promise<{ items: { request_type: RequestType; fields: FormField[] }[] }>
export const matters = () => take(api.GET('/api/v1/matters')) as Promise<{ items: Matter[] }>
export const mySections = () => take(api.GET('/api/v1/sections/mine')) as Promise<{ items: MySection[] }>
export const sections = () => take(api.GET('/api/v1/sections')) as Promise<{ items: { code: string; name: string }[] }>

export const publicStatus = (number: string, phone: string) =>
  take(api.POST('/api/v1/public/ticket-status', { body: { number, phone } })) as Promise<PublicStatus>
export const rate = (token: string, said: Satisfaction, words: string) =>
  take(api.POST('/api/v1/public/ratings', { body: { token, said, ...(words ? { words } : {}) } as never })) as Promise<{ stage: string }>

export const contactRecords = (filters: Filters) =>
  take(api.GET('/api/v1/contact-records', listing(filters))) as Promise<Page<ContactRecord>>
/** What was asked or reported in a contact. */
export type CallDocument = Sent<S['CallDocument']>
export const contactRecord = (call: Id) =>
  take(api.GET('/api/v1/contact-records/{call_id}', { params: { path: { call_id: call } } })) as Promise<ContactRecord & { documents: CallDocument[] }>
export interface RecordDraft {
  request_type: RequestType | null
  matter: string | null
  result: Result | null
  summary: string
  ticket_id: Id | null
  /** What the answer rests on, `uuid@version`; none: it was given freely. */
  articles: string[]
}
/** Without a version the last writer wins: a draft has one writer, whose newest word counts. */
export const saveRecord = (call: Id, body: RecordDraft) =>
  take(api.PUT('/api/v1/contact-records/{call_id}', { params: { path: { call_id: call } }, body })) as Promise<ContactRecord>
export const completeRecord = (call: Id, body: RecordDraft) =>
  take(api.POST('/api/v1/contact-records/{call_id}/complete', { params: { path: { call_id: call } }, body })) as Promise<ContactRecord>
