import { describe, expect, it } from 'vitest'
import type { MatterRow } from '@/api/types'
import { below, factsOf, found, lines } from '@/features/matters/tree'

const row = (code: string, parent: string | null, name: string, part: Partial<MatterRow> = {}): MatterRow =>
  ({ code, parent, name, shortcut: '', position: 1, section: 'exams', active: true, version: 1, ...part })
const ROWS = [row('1', null, '人事考试'), row('106', '1', '缴费与退费', { shortcut: 'jfytf', position: 6 }), row('1061', '106', '退费'), row('2', null, '职称', { active: false }), row('212', '2', '收费', { active: false })]

describe('the matter tree', () => {
  it('stands line by line with its depth, what is out of use only when it is asked for', () => {
    expect(lines(ROWS, false).map((line) => [line.code, line.depth, line.branch])).toEqual([['1', 0, true], ['106', 1, true], ['1061', 2, false]])
    expect(lines(ROWS, true).map((line) => [line.code, line.branch])).toContainEqual(['2', false])
  })
  it('keeps the branches above what is found', () => {
    expect(found(lines(ROWS, false), '退费').map((line) => line.code)).toEqual(['1', '106', '1061'])
    expect(found(lines(ROWS, false), 'jf').map((line) => line.code)).toEqual(['1', '106'])
    expect(found(lines(ROWS, true), '212').map((line) => line.code)).toEqual(['2', '212'])
    expect(found(lines(ROWS, false), 'x')).toEqual([])
  })
  it('begins a new matter after the last beside it, for the section of its branch', () => {
    expect(below(ROWS, ROWS[0]!)).toEqual({ parent: '1', name: '', shortcut: '', position: 7, section: 'exams', active: true })
    expect(below(ROWS, null)).toMatchObject({ parent: null, section: null })
    expect(Object.keys(factsOf(ROWS[1]!))).not.toContain('version')
  })
})
