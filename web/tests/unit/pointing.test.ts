import { describe, expect, it } from 'vitest'
import type { CardBody, Marks } from '@/api/quality'
import { attachedTo, excerpt, waits } from '@/features/quality/pointing'

const AT = '2026-11-27T02:00:00Z'
const said = (seq: number, direction: 'in' | 'out' | 'note' | 'system', seconds: number, author: string | null = null) => ({
  seq, direction, kind: 'text' as const, at: new Date(Date.parse(AT) + seconds * 1000).toISOString(),
  author: author ? { id: author, name: author, staff_no: null } : null,
})

describe('how long an answer was waited for', () => {
  it('counts from the first message nobody answered, whatever came between', () => {
    const messages = [said(1, 'in', 0), said(2, 'out', 5, null), said(3, 'out', 30, 'a'), said(4, 'in', 40), said(5, 'in', 70), said(6, 'note', 80, 'a'), said(7, 'out', 340, 'a')]
    expect([...waits(messages as never)]).toEqual([[7, 300]])
  })
  it('ends with the answer: what the agent adds is no answer to a wait', () => {
    expect([...waits([said(1, 'in', 0), said(2, 'out', 61, 'a'), said(3, 'out', 400, 'a')] as never)]).toEqual([[2, 61]])
  })
})

describe('what is attached to which item', () => {
  it('names items and vetoes by message or step', () => {
    const card = { items: [{ code: 'manner', name: '用语' }, { code: 'record', name: '记录' }], vetoes: [{ code: 'leak', name: '泄露' }] } as unknown as CardBody
    const at = (step: number | null, at_ms: number | null = null) => ({ step, at_ms, note: '' })
    const marks = {
      items: [{ code: 'manner', tenths: 0, comment: '', evidence: [at(2), at(null, 900)] }, { code: 'record', tenths: 0, comment: '', evidence: [at(2)] }],
      vetoes: [{ code: 'leak', comment: '', evidence: [at(5)] }], comment: '',
    } as Marks
    expect([...attachedTo(card, marks)]).toEqual([[2, ['用语', '记录']], [5, ['泄露']]])
    expect(attachedTo(null, null).size).toBe(0)
  })
  it('is cut where it would fill the sheet', () => {
    expect(excerpt('好的')).toBe('好的')
    expect(excerpt('一'.repeat(40))).toHaveLength(17)
  })
})
