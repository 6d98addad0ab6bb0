import { beforeEach, describe, expect, it, vi } from 'vitest'
import { ACCESS_KINDS, EXPORT_KINDS, EXPORT_STATES, passing } from '@/api/exports'
import { DUTIES, FINDINGS, LEAK_STATES, PACKAGE_STATES } from '@/api/leaks'
import { RIGHT_KINDS, RIGHT_OUTCOMES, RIGHT_STATES } from '@/api/privacy'
import { ACCESS_TOKENS } from '@/features/exports/words'
import { useLanguage } from '@/i18n'
// @ts-expect-error a plain script without types
import { messages } from '../../scripts/check-i18n.mjs'

vi.stubGlobal('localStorage', { getItem: () => null, setItem: () => {} })
vi.stubGlobal('document', { documentElement: {} })
beforeEach(() => useLanguage('zh-CN'))

describe('what is confidential', () => {
  it('has words for every value on the wire', () => {
    const keys: Map<string, string> = messages('zh-CN')
    const steps = ['acknowledge', 'contain', 'assess', 'notify_authority', 'notify_persons', 'require_persons', 'reassess', 'name_suspect', 'hold_liable', 'close', 'reopen', 'build_package']
    const asked = Object.entries({
      export_kinds: ['any', ...EXPORT_KINDS], takeout_states: EXPORT_STATES, export_steps: ['approve', 'decline', 'withdraw', 'take'], export_hints: ['approve', 'decline', 'withdraw', 'take'], access_kinds: ACCESS_KINDS,
      leak_states: LEAK_STATES, leak_duties: DUTIES, leak_package_states: PACKAGE_STATES, leak_findings: FINDINGS, leak_steps: steps, leak_hints: steps, leak_said: steps.filter((step) => !['acknowledge', 'build_package'].includes(step)),
      leak_terms: ['acknowledge', 'contain', 'assess', 'notify', 'hold_liable', 'close'],
      right_kinds: RIGHT_KINDS, right_states: RIGHT_STATES, right_outcomes: RIGHT_OUTCOMES, privacy_steps: ['verify', 'answer', 'withdraw'], privacy_hints: ['verify', 'answer', 'withdraw'],
    }).flatMap(([list, values]) => values.map((value) => `${list}.${value}`))
    expect(asked.filter((key) => !keys.has(key))).toEqual([])
  })

  it('draws each way of looking in its own colour, and passes an export with its request', () => {
    expect(new Set(ACCESS_KINDS.map((kind) => ACCESS_TOKENS[kind])).size).toBe(ACCESS_KINDS.length)
    expect(passing('/api/v1/work-orders/export?platform=12345', 'r1')).toBe('/api/v1/work-orders/export?platform=12345&export_request=r1')
    expect(passing('/api/v1/questions/export', 'r1')).toBe('/api/v1/questions/export?export_request=r1')
  })
})
