import { describe, expect, it } from 'vitest'
import { P } from '@/api/permissions'
import { AGENT_STATES, CALL_OUTCOMES, DAY_KINDS, INSTRUCTION_KINDS, REQUEST_TYPES, RESULTS } from '@/api/types'
import { CASE_STATES } from '@/features/cases/states'
import { STATE_GROUPS, TICKET_STATES } from '@/features/tickets/states'
import { ROLES } from '@/features/organization/roles'
import { ACTIONS, actionKey } from '@/features/kernel/actions'
// @ts-expect-error a plain script without types
import { faults, messages } from '../../scripts/check-i18n.mjs'

describe('words', () => {
  it('exist in both languages for every key that is asked for', () => expect(faults()).toEqual([]))

  it('exist for every value on the wire', () => {
    const keys: Map<string, string> = messages('zh-CN')
    const asked = [
      ...AGENT_STATES.map((s) => `states.${s}`), ...CALL_OUTCOMES.map((o) => `outcomes.${o}`), ...REQUEST_TYPES.map((r) => `request_types.${r}`),
      ...RESULTS.map((r) => `results.${r}`), ...DAY_KINDS.flatMap((d) => [`day_kinds.${d}`, `day_marks.${d}`]),
      ...[...TICKET_STATES, ...STATE_GROUPS].map((s) => `ticket_states.${s}`), ...Object.entries(CASE_STATES).flatMap(([kind, states]) => states.map((s) => `case_states.${kind}.${s}`)),
      ...INSTRUCTION_KINDS.map((k) => `instruction_kinds.${k}`), ...ROLES.map((r) => `roles.${r}`), ...ACTIONS.map(actionKey),
      ...Object.values(P).map((code) => `permissions.${code.replace(/[:.-]/g, '_')}`),
    ]
    expect(asked.filter((key) => !keys.has(key))).toEqual([])
  })
})
