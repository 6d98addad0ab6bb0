import type { TicketDetail, TicketForm } from '@/api/types'
import type { NewTicket, TicketWords } from '@/api/tickets'
import type { TicketDraft } from './TicketFields.vue'

/** The form of a ticket, filled; empty without one. */
export function draftOf(ticket: TicketDetail | null): TicketDraft {
  return {
    request_type: ticket?.request_type ?? null, matter: ticket?.matter ?? null, priority: ticket?.priority ?? 'normal', title: ticket?.title ?? '',
    summary: ticket?.summary ?? '', incident_address: ticket && !ticket.requester ? null : (ticket?.incident_address ?? ''), form: { ...(ticket?.form ?? {}) }, confidential: ticket?.confidential ?? false, complained_agent: ticket?.complained_agent?.id ?? null,
  }
}

/** Without what is empty: a field that nobody filled is not sent. */
function filled(form: TicketForm): TicketForm {
  return Object.fromEntries(Object.entries(form).filter(([, value]) => value !== ''))
}

/** Only what was changed; fields of another request type are dropped with it. */
export function changedWords(before: TicketDetail, draft: TicketDraft): TicketWords {
  const typed = draft.request_type !== before.request_type
  const kept = Object.entries(filled(draft.form)).filter(([name]) => !typed || !(name in before.form) || draft.form[name] !== before.form[name])
  const form = Object.fromEntries(kept)
  const formChanged = typed || JSON.stringify(form) !== JSON.stringify(before.form)
  return {
    ...(draft.request_type && typed ? { request_type: draft.request_type } : {}),
    ...(draft.matter && draft.matter !== before.matter ? { matter: draft.matter } : {}),
    ...(draft.priority !== before.priority ? { priority: draft.priority } : {}),
    ...(draft.title.trim() && draft.title.trim() !== before.title ? { title: draft.title.trim() } : {}),
    ...(draft.summary.trim() !== before.summary ? { summary: draft.summary.trim() } : {}),
    ...(draft.incident_address !== null && draft.incident_address.trim() !== (before.incident_address ?? '') ? { incident_address: draft.incident_address.trim() } : {}),
    ...(formChanged ? { form } : {}),
    ...(draft.confidential !== before.confidential ? { confidential: draft.confidential } : {}),
    ...(draft.complained_agent && draft.complained_agent !== before.complained_agent?.id ? { complained_agent: draft.complained_agent } : {}),
  }
}

/** The requester: as who he is known already, by a number, or both. */
export interface Whose { requester_id?: string; phone?: string }
/** A new ticket as it is sent, or the name of the first field that is missing. */
export function newTicket(draft: TicketDraft, { requester_id, phone }: Whose): NewTicket | 'request_type' | 'matter' | 'summary' {
  if (!draft.request_type) return 'request_type'
  if (!draft.matter) return 'matter'
  if (!draft.summary.trim()) return 'summary'
  return {
    request_type: draft.request_type, matter: draft.matter, priority: draft.priority, summary: draft.summary.trim(), form: filled(draft.form), confidential: draft.confidential,
    ...(draft.title.trim() ? { title: draft.title.trim() } : {}), ...(draft.incident_address?.trim() ? { incident_address: draft.incident_address.trim() } : {}),
    ...(requester_id ? { requester_id } : {}), ...(phone?.trim() ? { phone: phone.trim() } : {}),
  }
}
