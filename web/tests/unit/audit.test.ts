import { describe, expect, it } from 'vitest'
import { auditWord, detailWords, shortId, whoWord } from '@/features/kernel/actions'

describe('a row of the audit trail', () => {
  it('says what was done in its own words, else in those of the time line', () => {
    expect(auditWord('session.opened')).toBe('登录')
    expect(auditWord('ticket.transfer_offered')).toBe('工单 · 转办')
    expect(auditWord('escalation.promoted')).toBe('升级 · 上升一级')
    expect(auditWord('emergency.raised')).toBe('突发事件 · 上报')
    expect([whoWord('system:tickets'), whoWord('agent1')]).toEqual(['系统', 'agent1'])
    expect([auditWord('letter.overdue'), auditWord('supply.issue'), auditWord('report.drafted')]).toEqual(['公函 · 逾期', '物资 · 领用', '运营报告 · 起草'])
    expect(auditWord('something.new')).toBe('something.new')
  })
  it('says its details without the signs of their notation', () => {
    expect(detailWords({ from: '127.0.0.1', totp: false, ticket_id: null }, 'session')).toBe('来自 127.0.0.1，动态码 否')
    expect(detailWords({ state: 'closed', version: 3 }, 'ticket')).toBe('状态 办结，版本 3')
    expect(detailWords({ state: 'closing' }, 'incident')).toBe('状态 统一答复中')
    expect(detailWords({ odd: { a: 1 } }, 'x')).toBe('odd (a 1)')
    expect(detailWords({ rule: { way: 'round_robin', active: true }, effective_from: '2026-11-25T16:00:00Z' }, 'dispatch_rule')).toBe('规则 (方式 轮流，有效 是)，生效时间 2026-11-26 00:00:00')
    expect(detailWords({ roles: ['agent', 'quality'], user_id: '01a214ae-6a13-7112-ab30-3abd7616a916' }, 'user')).toBe('角色 座席、质检员，用户 …7616a916')
    expect(detailWords({ reason: 'idle' }, 'session')).toBe('理由 长时间没有操作')
    expect(detailWords({}, 'x')).toBe('—')
    expect(['01a214ae-6a13-7112-ab30-3abd7616a916', '12345/*/*'].map(shortId)).toEqual(['7616a916', '12345/*/*'])
  })
})
