import { api, type Filters, listing, take } from './client'
import type {
  Emergency, EmergencyDetail, Escalation, EscalationDetail, EscalationLevel, Id, Incident, IncidentDetail, IncidentReport, IncidentSuggestion, Instruction, InstructionDetail,
  InstructionKind, Page, Ticket,
} from './types'

const path = (id: Id) => ({ params: { path: { id } } })

export const emergencies = (filters: Filters) => take(api.GET('/api/v1/emergencies', listing(filters))) as Promise<Page<Emergency>>
export const emergencyCategories = () => take(api.GET('/api/v1/emergency-categories')) as Promise<{ items: { code: string; name: string }[] }>
export const raiseEmergency = (body: { category: string; what: string; where: string }) => take(api.POST('/api/v1/emergencies', { body })) as Promise<Emergency>
export const emergency = (id: Id) => take(api.GET('/api/v1/emergencies/{id}', path(id))) as Promise<EmergencyDetail>
/** 续报, or 终报 with `final`. */
export const reportEmergency = (id: Id, version: number, text: string, final: boolean) =>
  take(api.POST('/api/v1/emergencies/{id}/reports', { ...path(id), body: { version, text, final } })) as Promise<EmergencyDetail>
/** The proof of arrival: shown on a screen, or acknowledged by the person. */
export const emergencyArrived = (id: Id, acknowledged: boolean) =>
  take(api.POST('/api/v1/emergencies/{id}/arrived', { params: { path: { id } }, body: { acknowledged } }))

export const escalations = (filters: Filters) => take(api.GET('/api/v1/escalations', listing(filters))) as Promise<Page<Escalation>>
export const escalation = (id: Id) => take(api.GET('/api/v1/escalations/{id}', path(id))) as Promise<EscalationDetail>
export const escalationLevels = () => take(api.GET('/api/v1/escalation-levels')) as Promise<{ items: EscalationLevel[] }>
/** About a ticket, or with a title of its own. */
export interface NewEscalation { ticket_id?: Id; title?: string; reason: string }
export const raiseEscalation = (body: NewEscalation) => take(api.POST('/api/v1/escalations', { body: body as never })) as Promise<EscalationDetail>
const ESCALATION_DOORS = {
  answer: '/api/v1/escalations/{id}/answer', promote: '/api/v1/escalations/{id}/promote', close: '/api/v1/escalations/{id}/close',
} as const
export type EscalationStep = keyof typeof ESCALATION_DOORS
export const stepEscalation = (id: Id, version: number, step: EscalationStep, said: Record<string, string>) =>
  take(api.POST(ESCALATION_DOORS[step], { ...path(id), body: { version, ...said } as never })) as Promise<EscalationDetail>

export const instructions = (filters: Filters) => take(api.GET('/api/v1/instructions', listing(filters))) as Promise<Page<Instruction>>
export const instruction = (id: Id) => take(api.GET('/api/v1/instructions/{id}', path(id))) as Promise<InstructionDetail>
/** What a document says; one matter each, `to` is a section or `leader`. */
export interface DocumentText { matters: [string]; to?: string; ticket_id?: Id; title: string; body: string }
export const writeInstruction = (kind: InstructionKind, text: DocumentText) =>
  take(api.POST('/api/v1/instructions', { body: { kind, ...text } as never })) as Promise<InstructionDetail>
export const editInstruction = (id: Id, version: number, text: DocumentText) =>
  take(api.PUT('/api/v1/instructions/{id}', { ...path(id), body: { version, ...text } as never })) as Promise<InstructionDetail>
const INSTRUCTION_DOORS = {
  submit: '/api/v1/instructions/{id}/submit', return: '/api/v1/instructions/{id}/return', reply: '/api/v1/instructions/{id}/reply',
  receive: '/api/v1/instructions/{id}/receive', close: '/api/v1/instructions/{id}/close',
} as const
export type InstructionStep = keyof typeof INSTRUCTION_DOORS
export const stepInstruction = (id: Id, version: number, step: InstructionStep, said: Record<string, string> = {}) =>
  take(api.POST(INSTRUCTION_DOORS[step], { ...path(id), body: { version, ...said } as never })) as Promise<InstructionDetail>

export const incidents = (filters: Filters) => take(api.GET('/api/v1/incidents', listing(filters))) as Promise<Page<Incident>>
export const incident = (id: Id) => take(api.GET('/api/v1/incidents/{id}', path(id))) as Promise<IncidentDetail>
export const incidentSuggestions = () => take(api.GET('/api/v1/incidents/suggestions')) as Promise<{ items: IncidentSuggestion[] }>
export interface NewIncident { title: string; matter?: string; answer: string; banner?: string }
export const declareIncident = (body: NewIncident) => take(api.POST('/api/v1/incidents', { body: body as never })) as Promise<IncidentDetail>
/** Without a text it says: looked at, and still right. */
export const reviewIncident = (id: Id, version: number, texts: { title?: string; answer?: string; banner?: string } = {}) =>
  take(api.PATCH('/api/v1/incidents/{id}', { ...path(id), body: { version, ...texts } as never })) as Promise<IncidentDetail>
export const closeIncident = (id: Id, version: number, cause: string, answer: string) =>
  take(api.POST('/api/v1/incidents/{id}/close', { ...path(id), body: { version, cause, answer } })) as Promise<IncidentDetail>
export const incidentReport = (id: Id) => take(api.GET('/api/v1/incidents/{id}/report', path(id))) as Promise<unknown> as Promise<IncidentReport>
export const incidentTickets = (id: Id, filters: Filters) =>
  take(api.GET('/api/v1/incidents/{id}/tickets', { params: { path: { id }, query: listing(filters).params.query } })) as Promise<Page<Ticket>>
export const linkTickets = (id: Id, tickets: Id[]) => take(api.POST('/api/v1/incidents/{id}/tickets', { ...path(id), body: { tickets } })) as Promise<IncidentDetail>
export const unlinkTicket = (id: Id, ticket: Id) =>
  take(api.DELETE('/api/v1/incidents/{id}/tickets/{ticket_id}', { params: { path: { id, ticket_id: ticket } } })) as Promise<IncidentDetail>
export const linkContacts = (id: Id, calls: Id[]) =>
  take(api.POST('/api/v1/incidents/{id}/contact-records', { ...path(id), body: { contact_records: calls } })) as Promise<IncidentDetail>
