import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { effectScope, ref } from 'vue'
import type { Hit } from '@/api/knowledge'

vi.stubGlobal('localStorage', { getItem: () => null, setItem: () => {} })
vi.stubGlobal('addEventListener', () => {})
vi.stubGlobal('document', { visibilityState: 'visible', addEventListener: () => {}, documentElement: {} })
vi.stubGlobal('matchMedia', () => ({ matches: false, addEventListener: () => {} }))

const { useKnowledgeSearch } = await import('@/features/knowledge/searching')

describe('looking for an answer', () => {
  const hit = (number: string) => ({ id: `0190-${number}`, number, n: 1, citation: `0190-${number}@1`, title: number, question: '', answer: '', answer_excerpt: '', marks: [] }) as unknown as Hit
  let asked: string[] = []
  beforeEach(() => {
    vi.useFakeTimers()
    setActivePinia(createPinia())
    asked = []
    vi.stubGlobal('fetch', vi.fn(async (request: Request) => {
      const url = new URL(request.url)
      const body = request.method === 'POST' ? ((await request.json()) as Record<string, unknown>) : null
      asked.push(body ? JSON.stringify(body) : String(url.searchParams.get('q')))
      const answer = url.pathname.endsWith('/knowledge-gaps') ? { asked: 3 } : { items: url.pathname.endsWith('/suggest') ? [hit('S1'), hit('S2')] : url.searchParams.get('q') === '没有' ? [] : [hit('F1')] }
      return new Response(JSON.stringify(answer), { status: 200, headers: { 'content-type': 'application/json' } })
    }))
  })
  afterEach(() => void vi.useRealTimers())
  const settle = () => vi.advanceTimersByTimeAsync(600)

  it('begins with what fits what was said, and goes back to it', async () => {
    const said = ref('报名费交错了')
    const search = effectScope().run(() => useKnowledgeSearch({ said: () => said.value, about: () => '106' }))!
    search.suggestSoon()
    await settle()
    expect(asked).toEqual([JSON.stringify({ text: '报名费交错了', matter: '106', limit: 5 })])
    expect(search.listed.value.map((one) => one.number)).toEqual(['S1', 'S2'])
    search.move(1)
    expect(search.at.value).toBe(1)
    search.query.value = '退费'
    await settle()
    expect([search.listed.value.map((one) => one.number), search.at.value]).toEqual([['F1'], 0])
    search.query.value = ''
    await settle()
    expect([search.listed.value.map((one) => one.number), search.at.value]).toEqual([['S1', 'S2'], 0])
    said.value = ' '
    search.suggestSoon()
    await settle()
    expect(search.listed.value).toEqual([])
    expect(search.none.value).toBe(false)
  })
  it('reports as a gap what was looked for, with where it was asked', async () => {
    const search = effectScope().run(() => useKnowledgeSearch({ source: () => ({ kind: 'conversation', id: 'c1' }) }))!
    search.query.value = '没有'
    await settle()
    expect(search.none.value).toBe(true)
    await search.gap()
    expect(asked.at(-1)).toBe(JSON.stringify({ query: '没有', source: 'conversation', source_id: 'c1' }))
    expect(search.reported.value).toBe(3)
  })
  it('takes a suggestion that fails for none', async () => {
    vi.stubGlobal('fetch', vi.fn(() => Promise.reject(new TypeError('offline'))))
    const search = effectScope().run(() => useKnowledgeSearch({ said: () => '报名' }))!
    search.suggestSoon()
    await settle()
    expect([search.suggested.value, search.problem.value]).toEqual([[], null])
  })
})
