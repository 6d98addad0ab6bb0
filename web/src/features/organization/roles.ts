import { has, listed, t } from '@/i18n'

const OF_SUPPLIER = ['agent', 'shift_lead', 'ops_manager', 'quality', 'trainer', 'analyst', 'hr_compliance', 'liaison'] as const
const OF_PURCHASER = ['counterpart', 'purchaser_admin', 'purchaser_business', 'purchaser_reviewer'] as const
/** The three administrators may come from either side. */
const ADMINISTRATORS = ['sys_admin', 'sec_admin', 'audit_admin'] as const

export const ROLES = [...OF_SUPPLIER, ...OF_PURCHASER, ...ADMINISTRATORS] as const
export const rolesOf = (side: string) => [...(side === 'supplier' ? OF_SUPPLIER : OF_PURCHASER), ...ADMINISTRATORS]

export const roleName = (role: string): string => (has(`roles.${role}`) ? t(`roles.${role}`) : role)

export const roleNames = (roles: readonly string[]): string => listed(roles.map(roleName))
