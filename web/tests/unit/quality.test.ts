// What marks come to while somebody scores: as the server counts it.
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { CardBody, Marks } from '@/api/quality'
import { blank, points, running } from '@/features/quality/score'
import { stamp } from '@/features/quality/words'

const card = JSON.parse(readFileSync('../crates/quality/src/card/prepared.json', 'utf8')) as CardBody
const give = (marks: Marks, code: string, tenths: number | null, comment = ''): Marks => {
  Object.assign(marks.items.find((mark) => mark.code === code)!, { tenths, comment })
  return marks
}

describe('the running score', () => {
  it('begins with a hundred points', () => {
    expect(running(card, blank(card))).toEqual({ tenths: 1000, passed: true, fatal: [], missing: [] })
  })
  it('weighs the rest more where an item does not apply', () => {
    const marks = give(give(blank(card), 'procedure', null), 'opening', 0)
    expect(running(card, marks).tenths).toBe(882)
  })
  it('is nothing with a fatal error or a veto, and asks for the words', () => {
    const fatal = running(card, give(blank(card), 'accuracy', 0))
    expect(fatal).toMatchObject({ tenths: 0, passed: false, fatal: ['business'], missing: ['accuracy'] })
    const vetoed = blank(card)
    vetoed.vetoes.push({ code: 'leak', comment: '', evidence: [] })
    expect(running(card, vetoed)).toMatchObject({ tenths: 0, passed: false, fatal: ['user'], missing: ['leak'] })
  })
  it('says nothing while a mark is missing', () => {
    expect(running(card, give(blank(card), 'accuracy', null))).toMatchObject({ tenths: null, passed: false, missing: ['accuracy'] })
  })
})

describe('words', () => {
  it('shows tenths as points and milliseconds as a place in the recording', () => {
    expect([points(905), points(null)]).toEqual(['90.5', '—'])
    expect([stamp(0), stamp(67_340)]).toEqual(['0:00.0', '1:07.3'])
  })
})
