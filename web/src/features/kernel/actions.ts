import { has, listed, phrased, t } from '@/i18n'
import { fullTime } from '@/lib/format'

/** Actions of the audit trail that a reader looks for; others still show by their code. */
export const ACTIONS = [
  'outbound.ordered', 'callback.missed', 'callback.assigned', 'callback.warned', 'callback.overdue', 'callback.attempted', 'callback.reached', 'callback.called_in', 'callback.given_up', 'callback.erased', 'do_not_call.entered', 'do_not_call.lifted', 'do_not_call.permitted', 'follow_up.made', 'follow_up.changed', 'follow_up.closed', 'follow_up.filled', 'follow_up.exported', 'follow_up.told', 'follow_up.assigned', 'follow_up.not_placed', 'outbound_purpose.set', 'outbound_number.set',
  'session.opened', 'session.ended', 'session.refused', 'user.created', 'user.changed', 'user.roles_changed', 'user.locked', 'user.unlocked',
  'user.password_changed', 'user.password_reset', 'user.totp_begun', 'user.totp_on', 'user.totp_off', 'device.added', 'device.secret_changed', 'device.removed', 'party.named',
  'call.listened', 'call.supervised', 'call.taken_over', 'call.recording_exported', 'call.ladder_revealed', 'call.ladder_exported', 'recording.held', 'recording.released', 'recording.removed', 'recording_retention.set',
  'trunk.created', 'trunk.changed', 'trunk.removed', 'call.written_by_hand', 'calls.imported', 'call_origin.changed', 'exchange.changed',
  'requester.revealed', 'requester.renamed', 'requester.merged', 'requester.unmerged', 'requester.proven', 'requester_block.requested', 'requester_block.approved', 'requester_block.declined', 'requester_block.lifted', 'requester_block.over', 'agent.state_forced', 'agent.skills_changed', 'queue.changed', 'callback.done',
  'contact_record.completed', 'ticket.drafted', 'ticket.opened', 'ticket.edited', 'ticket.closed', 'ticket.voided', 'ticket.file_added', 'ticket.file_opened', 'work_orders.imported', 'platform.set_up', 'section.staffed', 'cover.set', 'backup.taken', 'calendar.changed', 'service_hours.changed', 'parameter.confirmed',
  'ticket_limit.set', 'case_term.set', 'escalation_level.set', 'emergency_way.set', 'emergency_category.set', 'dispatch_rule.set', 'matter.changed', 'matters.imported',
  'conversation.taken', 'conversation.ended', 'conversation.closed', 'conversation.file_opened', 'channel.changed', 'notice_choices.changed', 'notice_address.changed', 'notice_delivery.replayed',
  'course.written', 'course.material_added', 'course.material_removed', 'training.planned', 'training.cancelled', 'training.recorded', 'training.exported', 'question.created', 'question.edited', 'question.retired', 'question.restored', 'question.imported', 'question.exported', 'paper.written', 'exam.set', 'exam.assigned', 'exam.started', 'exam.handed_in', 'exam.time_over', 'exam.answer_marked', 'exam.marked', 'exam.released', 'exam.corrected', 'exam.rescheduled', 'exam.excused', 'exam.certified', 'exam.certificate_revoked', 'certificate.issued', 'certificate.revoked', 'typing.measured', 'recording.heard_in_exam', 'learning_rule.set',
  'export_request.asked', 'export_request.approved', 'export_request.declined', 'export_request.withdrawn', 'export_request.used', 'export_request.lapsed', 'page.printed', 'matters.exported', 'lookups.exported', 'work_orders.exported', 'leak_package.frozen', 'leak_package.downloaded', 'leak_package.check_asked', 'leak_package.verified', 'export_limit.set', 'access_alarm.set', 'leak_term.set', 'data_return.offered', 'data_return.received', 'data_return.withdrawn', 'data_return.deletion_begun', 'data_return.deleted', 'data_return.medium_told', 'data_return.signed', 'data_return.sent_back', 'data_return.accepted', 'data_return.certificate_taken',
  'conversation.message_held', 'conversation.message_released', 'privacy_request.taken', 'privacy_request.verified', 'privacy_request.answered', 'privacy_request.withdrawn', 'privacy_request.overdue', 'requester.erased', 'personal_information.set', 'privacy_term.set',
] as const

export const actionKey = (code: string): string => `audit_actions.${code.replace(/\./g, '_')}`

/** Subjects of the personnel, whose time lines share their words. */
const PERSONNEL = ['staff', 'post', 'replacement', 'handover', 'demand', 'transition', 'recruitment_fee', 'qualification', 'nda_version', 'work_gate', 'personnel_term']

const QUALITY = ['evaluation', 'calibration', 'corrective_action']

const STATES_OF: Record<string, string> = { staff: 'staff_states', replacement: 'replacement_states', demand: 'demand_states', transition: 'transition_states', recruitment_fee: 'fee_states' }

/** Where a time line's words of an action stand, the nearest first. */
const linesOf = (kind: string, what: string): string[] => kind === 'ticket'
  ? [`ticket_actions.${what}`]
  : [
      ...['case_actions', 'personnel_lines', 'liaison_lines', 'settlement_lines'].map((lines) => `${lines}.${kind}.${what}`),
      ...(PERSONNEL.includes(kind) ? [`personnel_lines.any.${what}`] : []),
      ...(kind === 'report' ? [`report_lines.${what}`] : []),
      ...(QUALITY.includes(kind) ? [`quality_lines.${what}`] : []),
      `audit_verbs.${what}`,
      `liaison_lines.any.${what}`,
      `settlement_lines.any.${what}`,
    ]

/** An action in words: its own, else those of the time line it also stands in; else its code. */
export function auditWord(code: string): string {
  if (has(actionKey(code))) return t(actionKey(code))
  const [kind = '', what = ''] = code.split('.')
  const word = linesOf(kind, what).find(has)
  return word ? `${subjectWord(kind)} · ${t(word)}` : code
}
export const subjectWord = (kind: string): string => (has(`audit_subjects.${kind}`) ? t(`audit_subjects.${kind}`) : kind)

/** Who did it: `system:tickets` is the system, by the part of it that did. */
export const whoWord = (who: string): string => (who.startsWith('system:') ? t('common.system') : who)

// A name such as `12345/*/*` is told whole; of an identifier its end is enough.
export const shortId = (id: string): string => (UUID.test(id) ? id.slice(-8) : id)
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** States, results, roles and kinds are the words of their own lists. */
function valueWord(key: string, value: unknown, kind: string): string {
  if (typeof value === 'boolean') return t(value ? 'tickets.yes' : 'tickets.no')
  if (Array.isArray(value)) return listed(value.map((one) => valueWord(key.replace(/s$/, ''), one, kind))) || '—'
  if (typeof value === 'object') return `(${detailWords(value, kind)})`
  if (UUID.test(String(value))) return `…${shortId(String(value))}`
  if (/^\d{4}-\d\d-\d\dT.*Z$/.test(String(value))) return fullTime(String(value))
  const lists: Record<string, string[]> = {
    state: [`ticket_states.${value}`, `case_states.${kind}.${value}`, `block_states.${value}`, `${STATES_OF[kind] ?? ''}.${value}`], item: [`qualification_items.${value}`], result: [`results.${value}`], side: [`sides.${value}`], role: [`roles.${value}`], way: [`notice_ways.${value}`, `dispatch_ways.${value}`],
    request_type: [`request_types.${value}`], priority: [`priorities.${value}`], unit: [`rule_units.${value}`], reason: [`session_ends.${value}`],
  }
  if (key === 'kind' && has(`notice_kinds.${value}`)) return t(`notice_kinds.${value}`, { number: '' }).trim()
  const word = (kind === 'ticket' ? lists[key] : lists[key]?.toReversed())?.find(has)
  return word ? t(word) : String(value)
}
const keyWord = (key: string): string => {
  const word = [`audit_details.${key}`, `rule_fields.${key}`].find(has)
  return word ? t(word) : key
}
/** `来自 127.0.0.1，动态码 否`: what a row says, without the signs of its notation. */
export const detailWords = (details: unknown, kind: string): string =>
  phrased(Object.entries((details ?? {}) as Record<string, unknown>).filter(([, value]) => value !== null)
    .map(([key, value]) => `${keyWord(key)} ${valueWord(key, value, kind)}`)) || '—'
