import { describe, expect, it } from 'vitest'
import type { Requester } from '@/api/requesters'
import { BLOCK_STATES, IDENTITY_STATES, LIKENESSES, LINK_WHATS, PROOFS } from '@/api/requesters'
import { BLOCK_CHANNELS, blockSteps, blockTone, channelsWord, channelWord, wayWord, whoWord } from '@/features/requesters/words'
// @ts-expect-error a plain script without types
import { messages } from '../../scripts/check-i18n.mjs'

const requester = (more: Partial<Requester>): Requester => ({
  id: 'a', person_id: 'a', name: null, phone: null, phone_kind: 'none', region: 'unknown', identity: 'unverified', proven_by: null, proven_at: null, channel: null, nickname: null,
  contacts: 1, first_contact_at: '2026-11-23T02:00:00Z', last_contact_at: '2026-11-23T02:00:00Z', version: 1, ...more,
})

describe('who it is', () => {
  it('is told by number, name, or the way he comes', () => {
    expect(whoWord(requester({ phone: '139****0001', phone_kind: 'mobile', name: '张**' }))).toBe('139****0001\u2002张**')
    expect(whoWord(requester({ phone_kind: 'withheld' }))).toBe('号码未显示')
    expect(whoWord(requester({}))).toBe('网络渠道来访')
    expect(whoWord(null)).toBe('—')
  })
  it('of a writer is his account', () => {
    expect(whoWord(requester({ channel: 'wechat_oa', nickname: '小张' }))).toBe('微信公众号\u2002小张')
    expect(whoWord(requester({ channel: 'wechat_oa', name: '张**' }))).toBe('微信公众号\u2002张**')
    expect(wayWord(requester({ channel: 'alipay', name: '张**' }))).toBe('alipay')
  })
})

describe('a block', () => {
  it('is approved by somebody else than who asked for it', () => {
    const asked_by = { id: 'me', name: '我', staff_no: null }
    expect(blockSteps({ state: 'requested', asked_by }, 'me', true)).toEqual(['decline'])
    expect(blockSteps({ state: 'requested', asked_by }, 'other', true)).toEqual(['approve', 'decline'])
    expect(blockSteps({ state: 'requested', asked_by }, 'other', false)).toEqual([])
    expect(blockSteps({ state: 'approved', asked_by }, 'me', true)).toEqual(['lift'])
    for (const state of ['declined', 'lifted', 'over'] as const) expect(blockSteps({ state, asked_by }, 'other', true)).toEqual([])
  })
  it('stands out while it keeps somebody away', () => {
    expect(blockTone({ state: 'approved', in_force: true })).toBe('red')
    expect(blockTone({ state: 'approved', in_force: false })).toBe('blue')
    expect(blockTone({ state: 'over', in_force: false })).toBe('')
  })
  it('names its channels, also those of this installation', () => {
    expect(channelsWord([])).toBe('全部网络渠道（不含电话）')
    expect(channelsWord(['web', 'voice'])).toBe('官网、电话')
    expect(channelWord('alipay')).toBe('alipay')
  })
})

it('has a word for every value on the wire', () => {
  const keys: Map<string, string> = messages('zh-CN')
  const asked = [
    ...BLOCK_STATES.map((s) => `block_states.${s}`), ...IDENTITY_STATES.map((s) => `identity_states.${s}`), ...LIKENESSES.map((s) => `likenesses.${s}`),
    ...LINK_WHATS.map((s) => `link_whats.${s}`), ...PROOFS.map((s) => `identity_proofs.${s}`), ...BLOCK_CHANNELS.map((s) => `requester_channels.${s}`),
  ]
  expect(asked.filter((key) => !keys.has(key))).toEqual([])
})
