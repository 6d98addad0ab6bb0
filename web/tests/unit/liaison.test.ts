import { describe, expect, it } from 'vitest'
import type { PastContract, TeamMember } from '@/api/liaison'
import { asPage, bars, branches, filled, paragraphs, progress } from '@/features/liaison/words'

const member = (id: string, reports_to: string | null): TeamMember => ({ id, reports_to, name: id }) as TeamMember
const contract = (id: string, from_day: string, until_day: string): PastContract => ({ id, from_day, until_day }) as PastContract

describe('a short list that came whole', () => {
  const items = ['一号', '二号', '三号', '四号']
  it('is looked through by all words and paged', () => {
    expect(asPage(items, { per_page: 3 }, (one) => one)).toMatchObject({ items: ['一号', '二号', '三号'], next: '3', total: 4 })
    expect(asPage(items, { per_page: 3, cursor: '3' }, (one) => one)).toMatchObject({ items: ['四号'], next: null })
    expect(asPage(items, { q: '号 三' }, (one) => one).items).toEqual(['三号'])
  })
})

describe('the way of a case', () => {
  it('is done before, now, ahead after; its end is done', () => {
    expect(progress(['a', 'b', 'c'], 'b').map((one) => one.place)).toEqual(['done', 'now', 'ahead'])
    expect(progress(['a', 'b', 'c'], 'c').map((one) => one.place)).toEqual(['done', 'done', 'done'])
    expect(progress(['a', 'b'], 'elsewhere').map((one) => one.place)).toEqual(['ahead', 'ahead'])
  })
})

describe('a template', () => {
  it('shows the names of holes that are not filled yet and never looks at a value again', () => {
    expect(filled('关于{{matter}}的函', {}, { matter: '事由' })).toBe('关于〔事由〕的函')
    expect(filled('{{a}}{{b}}', { a: '{{b}}', b: '乙' }, {})).toBe('{{b}}乙')
    expect(paragraphs(' 一\n\n二 ')).toEqual(['一', '二'])
  })
})

describe('the team', () => {
  it('hangs under whom each reports to, and is whole where a chief is gone or two report to each other', () => {
    const tree = branches([member('chief', null), member('lead', 'chief'), member('lost', 'gone')])
    expect(tree.map((one) => one.member.id)).toEqual(['chief', 'lost'])
    expect(tree[0]!.below.map((one) => one.member.id)).toEqual(['lead'])
    expect(branches([member('a', 'b'), member('b', 'a')])).toEqual([])
  })
})

describe('contracts drawn', () => {
  it('stand where they ran, those that overlap in lanes of their own', () => {
    const drawn = bars([contract('b', '2024-06-01', '2025-01-01'), contract('a', '2024-01-01', '2024-09-01'), contract('c', '2025-02-01', '2025-04-01')], '2025-05-10')
    expect(drawn.bars.map((bar) => [bar.contract.id, bar.from, bar.length, bar.lane])).toEqual([['a', 0, 8, 0], ['b', 5, 7, 1], ['c', 13, 2, 0]])
    expect([drawn.lanes, drawn.months, drawn.years[1]]).toEqual([2, 17, { year: 2025, at: 12 }])
  })
})
