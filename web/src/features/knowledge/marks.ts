// What a search found, inside the text it found it in.
import type { Mark } from '@/api/knowledge'

export interface Piece { text: string; marked: boolean }

/** The text cut at its marks; the server counts in code points, and marks may overlap. */
export function pieces(text: string, marks: readonly Mark[], field: Mark['field']): Piece[] {
  const points = [...text]
  const marked = new Array<boolean>(points.length).fill(false)
  for (const mark of marks) {
    if (mark.field === field) marked.fill(true, Math.max(0, mark.start), Math.min(points.length, mark.end))
  }
  const found: Piece[] = []
  points.forEach((point, i) => {
    const last = found.at(-1)
    if (last && last.marked === marked[i]) last.text += point
    else found.push({ text: point, marked: marked[i]! })
  })
  return found
}

export interface Citation { article: string; n: number }

/** `uuid@7` as its parts; null for anything else. */
export function citationOf(text: string): Citation | null {
  const found = /^([0-9a-f-]{36})@([1-9]\d{0,4})$/i.exec(text)
  return found ? { article: found[1]!, n: Number(found[2]) } : null
}

/** The whole answer of a hit, with the marks of its excerpt where they are in it. */
export function wholeAnswer(hit: { answer?: string; answer_excerpt: string; marks: readonly Mark[] }): { text: string; marks: Mark[] } {
  const marks = hit.marks.filter((mark) => mark.field === 'answer')
  if (!hit.answer) return { text: hit.answer_excerpt, marks }
  const cut = hit.answer_excerpt.startsWith('…') ? 1 : 0
  const core = hit.answer_excerpt.slice(cut).replace(/…$/, '')
  const at = hit.answer.indexOf(core)
  if (at < 0) return { text: hit.answer, marks: [] }
  const shift = [...hit.answer.slice(0, at)].length - cut
  return { text: hit.answer, marks: marks.map((mark) => ({ ...mark, start: mark.start + shift, end: mark.end + shift })) }
}
