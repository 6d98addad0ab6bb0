import { describe, expect, it } from 'vitest'
import { RULE_KINDS, type RuleRow } from '@/api/types'
import { cellWord, columnsOf, type Names, ready, RULES, shown, spanWord, subjectOf, unitsOf } from '@/features/rules/shape'
import { dispatchWord, sharesOf } from '@/features/work-orders/fields'
import { noteWord } from '@/features/tickets/words'
// @ts-expect-error a plain script without types
import { messages } from '../../scripts/check-i18n.mjs'

const NAMES: Names = { matter: (code) => `事项${code}`, section: () => '考试科', person: (id) => (id === 'a' ? '陈晓雯' : null), platform: () => '12345 热线', unit: (kpi) => (kpi === 'k05' ? 'milliseconds' : 'basis_points') }
const limit = (part: Record<string, unknown> = {}) => ({ ...RULES.ticket_limits.blank, ...part })
const row = (standing: string, rule: Record<string, unknown>): RuleRow => ({ standing, rule, effective_from: '2026-11-25T00:00:00Z', recorded_at: '2026-11-25T00:00:00Z', source: '', recorded_by: null }) as RuleRow
const field = (kind: (typeof RULE_KINDS)[number], key: string) => RULES[kind].fields.find((one) => one.key === key)!

describe('a rule', () => {
  it('tells each of its fields in words', () => {
    const rule = limit({ platform: '12345', request_type: 'consult', handle: { unit: 'working_days', n: 2 } })
    expect(cellWord(field('ticket_limits', 'platform'), rule, NAMES)).toBe('12345 热线')
    expect(cellWord(field('ticket_limits', 'request_type'), rule, NAMES)).toBe('咨询')
    expect(cellWord(field('ticket_limits', 'priority'), rule, NAMES)).toBe('全部')
    expect(cellWord(field('ticket_limits', 'handle'), rule, NAMES)).toBe('2 个工作日')
    expect(cellWord(field('ticket_limits', 'sign_off'), rule, NAMES)).toBe('否')
    expect(cellWord(field('case_terms', 'code'), { code: 'instruction.reply' }, NAMES)).toBe('请示 · 答复')
    expect(cellWord(field('escalation_levels', 'role'), { role: 'shift_lead' }, NAMES)).toBe('班长')
    expect(cellWord(field('dispatch', 'agents'), { agents: ['a', 'b'] }, NAMES)).toBe('陈晓雯、同事')
    expect(spanWord({ unit: 'count', n: 10 })).toBe('10 个')
    expect(cellWord(field('kpi_targets', 'target'), { kpi: 'k01', target: 9_500 }, NAMES)).toBe('95.00%')
    expect(cellWord(field('kpi_targets', 'target'), { kpi: 'k05', target: 15_000 }, NAMES)).toBe('15.0 s')
    expect(cellWord(field('kpi_targets', 'upper'), { kpi: 'k05', upper: null }, NAMES)).toBe('不限')
  })
  it('is about a subject, of which the latest row holds', () => {
    expect(subjectOf('ticket_limits', limit({ request_type: 'consult' }))).toBe('*/consult/*')
    expect(subjectOf('dispatch', { ...RULES.dispatch.blank, matter: '106', name: '缴费' })).toBe('*/*/106')
  })
  it('is shown while it holds or will, and with its history when that is asked for', () => {
    const rows = [row('superseded', limit()), row('in_force', limit()), row('in_force', limit({ active: false })), row('coming', limit({ active: false }))]
    expect(shown(rows, false)).toEqual([rows[1], rows[3]])
    expect(shown(rows, true)).toEqual(rows)
  })
  it('stands in few columns: what is counted stands together', () => {
    expect(columnsOf('ticket_limits').map((column) => column.key)).toEqual(['platform', 'request_type', 'priority', 'handle', 'sign', 'counts', 'transfer_minutes', 'sign_off', 'revisit', 'active'])
    expect(columnsOf('ticket_limits').flatMap((column) => column.fields)).toEqual(RULES.ticket_limits.fields)
  })
  it('is recorded only with a source and everything it needs', () => {
    expect(ready('ticket_limits', limit(), '合同')).toBe(true)
    expect(ready('ticket_limits', limit(), ' ')).toBe(false)
    expect(ready('dispatch', { ...RULES.dispatch.blank, name: '轮派' }, '分工')).toBe(false)
    expect(ready('dispatch', { ...RULES.dispatch.blank, name: '轮派', agents: ['a'] }, '分工')).toBe(true)
    expect(ready('emergency_categories', { ...RULES.emergency_categories.blank }, '分工')).toBe(false)
  })
  it('counts time in time and things in things', () => {
    expect(unitsOf({ unit: 'count', n: 1 })).toEqual(['count'])
    expect(unitsOf({ unit: 'working_days', n: 1 })).toEqual(['working_days', 'service_minutes', 'clock_minutes'])
  })
  it('has a word for each field and each of its values', () => {
    const keys: Map<string, string> = messages('zh-CN')
    const asked = RULE_KINDS.flatMap((kind) => [
      `rule_kinds.${kind}`, `rule_sentences.${kind}`,
      ...RULES[kind].fields.flatMap((one) => [`rule_fields.${one.key}`, ...(one.words ?? []).map((word) => `${one.under ?? 'roles'}.${word}`)]),
    ])
    expect(asked.filter((key) => !keys.has(key))).toEqual([])
  })
})

describe('who is given an order', () => {
  it('is told with the rule and the reason', () => {
    expect(dispatchWord({ reason: 'rule', rule: '缴费', way: 'round_robin' })).toBe('缴费 · 轮流')
    expect(dispatchWord({ reason: 'no_rule', rule: null, way: null })).toBe('没有规则，由班长负责')
    expect(noteWord({ action: 'dispatched', note: 'dispatch_rule least_open 缴费 轮派' })).toBe('按规则派单：缴费 轮派 · 在办最少')
    expect(noteWord({ action: 'dispatched', note: 'dispatch_no_rule' })).toBe('没有规则，由班长负责')
    expect(noteWord({ action: 'assigned', note: 'dispatch_no_rule' })).toBe('dispatch_no_rule')
  })
  it('is counted by person', () => {
    const person = (id: string, name: string) => ({ owner: id, person: { id, name, staff_no: null } })
    expect(sharesOf([person('a', '甲'), person('b', '乙'), person('b', '乙')])).toEqual([['乙', 2], ['甲', 1]])
  })
})
