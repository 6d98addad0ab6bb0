import { has, t } from '@/i18n'

export const ROLES = [
  'agent', 'shift_lead', 'ops_manager', 'quality', 'trainer', 'analyst', 'hr_compliance', 'liaison',
  'counterpart', 'purchaser_admin', 'purchaser_business', 'purchaser_reviewer', 'sys_admin', 'sec_admin', 'audit_admin',
] as const

export const roleName = (role: string): string => (has(`roles.${role}`) ? t(`roles.${role}`) : role)

export const roleNames = (roles: readonly string[]): string => roles.map(roleName).join('、')
