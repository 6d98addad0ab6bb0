// What marks come to while somebody scores: as the server counts it.
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { CardBody, Marks } from '@/api/quality'
import { blank, points, running } from '@/features/quality/score'
import { holds, pieces, spokenAt } from '@/features/quality/transcript'
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

describe('what was said', () => {
  const hit = { code: 'comfort', name: '安抚用语', kind: 'comfort' as const, start: 2, end: 5, at_ms: 900 }
  it('is cut where a phrase or what is sought begins and ends', () => {
    const cut = pieces('𠮷您别着急OK', [hit], 'ok')
    expect(cut.map((piece) => [piece.text, piece.hit?.kind ?? null, piece.sought])).toEqual([
      ['𠮷您', null, false], ['别着急', 'comfort', false], ['OK', null, true],
    ])
    expect(pieces('您好', [], ' ')).toEqual([{ text: '您好', hit: null, sought: false }])
  })
  it('is found, and is followed while it is heard', () => {
    expect([holds({ text: '您好' }, '好'), holds({ text: '您好' }, '坏'), holds({ text: '您好' }, '')]).toEqual([true, false, false])
    const said = [{ from_ms: 0, until_ms: 2_000 }, { from_ms: 1_500, until_ms: 3_000 }, { from_ms: 4_000, until_ms: 5_000 }]
    expect([spokenAt(said, 1_600), spokenAt(said, 3_000), spokenAt(said, 4_000)]).toEqual([[0, 1], [], [2]])
  })
})
