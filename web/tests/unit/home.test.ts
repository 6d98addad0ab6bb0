import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { Waiting } from '@/api/waiting'
import { NUMBERS, numbersFor } from '@/features/home/numbers'
import { consentAll, keyOf, narrowed } from '@/features/home/waiting'

const said = vi.hoisted(() => ({ consent: vi.fn() }))
vi.mock('@/api/waiting', () => ({ consent: said.consent }))

const line = (id: string, more: Partial<Waiting> = {}): Waiting => ({
  kind: 'article_change', id, number: null, title: `标题${id}`, section: null, since: '2026-11-23T01:00:00Z', due_at: null, page: `/approvals/${id}`,
  consent: { path: `/api/v1/approvals/${id}/approve`, body: { version: 1 } }, ...more,
})
const NONE = { q: '', kind: '', section: '', overdue: false }
const NOW = Date.parse('2026-11-23T02:00:00Z')

beforeEach(() => said.consent.mockReset())

describe('what waits', () => {
  it('is narrowed by kind, section, words and what is over', () => {
    const items = [
      line('1', { section: 'exams', due_at: '2026-11-23T01:30:00Z' }), line('2', { section: 'titles', due_at: '2026-11-23T03:00:00Z' }),
      line('1', { kind: 'instruction', number: '请示〔2026〕1号', consent: null }),
    ]
    const ids = (by: Partial<typeof NONE>) => narrowed(items, { ...NONE, ...by }, NOW).map(keyOf)
    expect(ids({})).toHaveLength(3)
    expect(ids({ kind: 'instruction' })).toEqual(['instruction:1'])
    expect(ids({ section: 'titles' })).toEqual(['article_change:2'])
    expect(ids({ overdue: true })).toEqual(['article_change:1'])
    expect(ids({ q: ' 2026〕1 ' })).toEqual(['instruction:1'])
    expect(new Set(ids({})).size).toBe(3)
  })

  it('is consented to one after the other, and a refusal stops none of the others', async () => {
    said.consent.mockResolvedValueOnce({}).mockRejectedValueOnce(new Error('decided already')).mockResolvedValueOnce({})
    const steps: number[] = []
    const refused = await consentAll([line('1'), line('2'), line('3')], (n) => steps.push(n))
    expect(steps).toEqual([1, 2, 3])
    expect(refused.map((one) => one.line.id)).toEqual(['2'])
    expect(said.consent.mock.calls.map(([one]) => (one as { path: string }).path)).toEqual(['1', '2', '3'].map((id) => `/api/v1/approvals/${id}/approve`))
  })
})

describe('the numbers of the first page', () => {
  it('are those whose rows one may open', () => {
    const rights = (reach: 'own' | 'all') => ({ can: (code: string) => code === 'tickets:view' || code === 'gaps:handle', reach: () => reach })
    expect(numbersFor(rights('all')).map((one) => one.key)).toEqual(['overdue', 'complaints', 'open_tickets'])
    expect(numbersFor(rights('own'))).toEqual([])
    const keys = (...codes: string[]) => numbersFor({ can: (code) => codes.includes(code), reach: () => 'all' }).map((one) => one.key)
    expect(keys('leaks:view', 'wage_months:view', 'export_requests:view')).toEqual(['wage_gaps', 'leaks', 'export_requests'])
    expect(keys('leaks:report')).toEqual([])
    const held = (role: string) => numbersFor({ can: () => true, reach: () => 'all', roles: [role] }).map((one) => one.key)
    expect(held('quality')).toContain('dissatisfied')
    expect(held('analyst')).toEqual(expect.arrayContaining(['calls_week', 'complaints_week']))
    expect(held('shift_lead')).not.toContain('calls_week')
    expect(new Set(NUMBERS.map((one) => one.key)).size).toBe(NUMBERS.length)
  })
})
