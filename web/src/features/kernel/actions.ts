/** Actions of the audit trail that a reader looks for; others still show by their code. */
export const ACTIONS = [
  'session.opened', 'session.ended', 'session.refused', 'user.created', 'user.changed', 'user.roles_changed', 'user.locked', 'user.unlocked',
  'user.password_changed', 'user.password_reset', 'user.totp_begun', 'user.totp_on', 'user.totp_off', 'device.added', 'device.secret_changed', 'device.removed', 'party.named',
  'call.listened', 'requester.revealed', 'requester.renamed', 'agent.state_forced', 'agent.skills_changed', 'queue.changed', 'callback.done',
  'contact_record.completed', 'ticket.opened', 'ticket.edited', 'ticket.closed', 'ticket.voided', 'calendar.changed', 'service_hours.changed', 'parameter.confirmed',
  'notice_choices.changed', 'notice_address.changed', 'notice_delivery.replayed',
] as const

export const actionKey = (code: string): string => `audit_actions.${code.replace(/\./g, '_')}`
