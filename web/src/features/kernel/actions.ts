import { has, t } from '@/i18n'

/** Actions of the audit trail that a reader looks for; others still show by their code. */
export const ACTIONS = [
  'session.opened', 'session.ended', 'session.refused', 'user.created', 'user.changed', 'user.roles_changed', 'user.locked', 'user.unlocked',
  'user.password_changed', 'user.password_reset', 'user.totp_begun', 'user.totp_on', 'user.totp_off', 'device.added', 'device.secret_changed', 'device.removed', 'party.named',
  'call.listened', 'requester.revealed', 'requester.renamed', 'agent.state_forced', 'agent.skills_changed', 'queue.changed', 'callback.done',
  'contact_record.completed', 'ticket.drafted', 'ticket.opened', 'ticket.edited', 'ticket.closed', 'ticket.voided', 'ticket.file_added', 'ticket.file_opened', 'work_orders.imported', 'platform.set_up', 'section.staffed', 'cover.set', 'backup.taken', 'calendar.changed', 'service_hours.changed', 'parameter.confirmed',
  'ticket_limit.set', 'case_term.set', 'escalation_level.set', 'emergency_way.set', 'emergency_category.set', 'dispatch_rule.set', 'matter.changed', 'matters.imported',
  'notice_choices.changed', 'notice_address.changed', 'notice_delivery.replayed',
] as const

export const actionKey = (code: string): string => `audit_actions.${code.replace(/\./g, '_')}`

/** An action in words: its own, else those of the time line it also stands in; else its code. */
export function auditWord(code: string): string {
  if (has(actionKey(code))) return t(actionKey(code))
  const [kind = '', what = ''] = code.split('.')
  const word = kind === 'ticket' ? `ticket_actions.${what}` : `case_actions.${kind}.${what}`
  return has(word) ? `${subjectWord(kind)} · ${t(word)}` : code
}
export const subjectWord = (kind: string): string => (has(`audit_subjects.${kind}`) ? t(`audit_subjects.${kind}`) : kind)

/** States, results, roles and kinds are the words of their own lists; of an identifier its end is enough. */
function valueWord(key: string, value: unknown, kind: string): string {
  if (typeof value === 'boolean') return t(value ? 'tickets.yes' : 'tickets.no')
  if (Array.isArray(value)) return value.map((one) => valueWord(key.replace(/s$/, ''), one, kind)).join('、') || '—'
  if (typeof value === 'object') return JSON.stringify(value)
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(String(value))) return `…${String(value).slice(-8)}`
  const lists: Record<string, string[]> = {
    state: [`ticket_states.${value}`, `case_states.${kind}.${value}`], result: [`results.${value}`], side: [`sides.${value}`], role: [`roles.${value}`], way: [`notice_ways.${value}`],
  }
  if (key === 'kind' && has(`notice_kinds.${value}`)) return t(`notice_kinds.${value}`, { number: '' }).trim()
  const word = (kind === 'ticket' ? lists[key] : lists[key]?.toReversed())?.find(has)
  return word ? t(word) : String(value)
}
/** `来自 127.0.0.1，动态码 否`: what a row says, without the signs of its notation. */
export const detailWords = (details: unknown, kind: string): string =>
  Object.entries((details ?? {}) as Record<string, unknown>).filter(([, value]) => value !== null)
    .map(([key, value]) => `${has(`audit_details.${key}`) ? t(`audit_details.${key}`) : key} ${valueWord(key, value, kind)}`).join('，') || '—'
