import { describe, expect, it } from 'vitest'
import type { OwnerCovers, Post } from '@/api/types'
import { changes, draftOf, matches, nextInLine, onDay, type Plan, staffing } from '@/features/duty/plan'

const who = (id: string) => ({ id, name: id.toUpperCase(), staff_no: null })
const post = (id: string, part: Partial<Post> = {}): Post => ({ user_id: id, person: who(id), deputy: false, from_day: '2026-11-20', to_day: null, ...part })
const PLAN: Plan = { version: 3, posts: [post('a'), post('b', { deputy: true, to_day: '2026-11-30' })], absences: [{ user_id: 'a', from_day: '2026-11-26', to_day: '2026-11-27' }] }

describe('a plan of who stands in', () => {
  it('is sent as it was read when nothing was changed', () => {
    expect(staffing(draftOf(PLAN), 3)).toEqual({
      version: 3,
      posts: [{ user_id: 'a', deputy: false, from_day: '2026-11-20', to_day: null }, { user_id: 'b', deputy: true, from_day: '2026-11-20', to_day: '2026-11-30' }],
      absences: PLAN.absences,
    })
  })
  it('says what it lacks first', () => {
    const draft = draftOf(PLAN)
    draft.absences[0]!.to = '2026-11-25'
    expect(staffing(draft, 3)).toBe('backwards')
    draft.absences[0]!.to = ''
    expect(staffing(draft, 3)).toBe('days')
    draft.posts[0]!.from = ''
    expect(staffing(draft, 3)).toBe('from')
    draft.posts[0]!.user_id = null
    expect(staffing(draft, 3)).toBe('person')
  })
  it('tells what a colleague changed meanwhile', () => {
    const after = { ...PLAN, version: 4, posts: [PLAN.posts[0]!, post('b', { deputy: true })] }
    expect(changes(PLAN, after).map((change) => [change.sign, change.user_id, change.days.to_day])).toEqual([['removed', 'b', '2026-11-30'], ['added', 'b', null]])
    expect(changes(PLAN, { ...PLAN, version: 4 })).toEqual([])
  })
})

describe('who would be asked', () => {
  const owner = (id: string, part: Partial<OwnerCovers> = {}): OwnerCovers => ({ owner: who(id), away: null, covered_by: null, covers: [], absences: [], version: 0, ...part })
  const one = owner('o', { covers: [post('a', { to_day: '2026-11-25' }), post('b'), post('c', { deputy: true })] })
  it('is the first of the day who is there, else a lead', () => {
    const today = '2026-11-26'
    expect(nextInLine(one, [one, owner('a'), owner('b'), owner('c')], today, [])).toEqual(who('b'))
    expect(nextInLine(one, [one, owner('b', { away: 'absence' }), owner('c')], today, [])).toEqual(who('c'))
    expect(nextInLine(owner('o'), [], today, [who('o'), who('l')])).toEqual(who('l'))
    expect(nextInLine(owner('l'), [], today, [who('l')])).toBeNull()
    expect(nextInLine(owner('o'), [], today, null)).toBe('lead')
  })
  it('counts both days of a stretch', () => {
    expect(['2026-11-19', '2026-11-20', '2026-11-30', '2026-12-01'].map((day) => onDay(PLAN.posts[1]!, day))).toEqual([false, true, true, false])
  })
  it('is found by name or number', () => {
    expect(matches('80', '陈晓雯', '801')).toBe(true)
    expect(matches('李', '陈晓雯', null)).toBe(false)
  })
})
