// What was said, to be shown: the parts of a text that stand out, and who speaks at a moment.
import type { PhraseHit, TranscriptSegment } from '@/api/quality'

export interface Piece {
  text: string
  /** The phrase it belongs to. */
  hit: PhraseHit | null
  /** It is what somebody looks for. */
  sought: boolean
}

/** Where `words` stand in the text, in code points; capital letters do not count. */
function places(chars: string[], words: string): boolean[] {
  const found = chars.map(() => false)
  const wanted = Array.from(words.trim().toLowerCase())
  if (!wanted.length) return found
  const text = chars.map((char) => char.toLowerCase())
  for (let at = 0; at + wanted.length <= text.length; at++)
    if (wanted.every((char, i) => text[at + i] === char)) found.fill(true, at, at + wanted.length)
  return found
}

/** A text cut where a phrase, or what is looked for, begins or ends. */
export function pieces(text: string, hits: PhraseHit[], words: string): Piece[] {
  const chars = Array.from(text)
  const sought = places(chars, words)
  const hitAt = (at: number): PhraseHit | null => hits.find((hit) => hit.start <= at && at < hit.end) ?? null
  const cut: Piece[] = []
  chars.forEach((char, at) => {
    const last = cut.at(-1)
    const hit = hitAt(at)
    if (last && last.hit === hit && last.sought === sought[at]) last.text += char
    else cut.push({ text: char, hit, sought: sought[at]! })
  })
  return cut
}

export const holds = (segment: Pick<TranscriptSegment, 'text'>, words: string): boolean => places(Array.from(segment.text), words).includes(true)

/** The segments that are spoken at this moment: one, or both voices'. */
export const spokenAt = (segments: Pick<TranscriptSegment, 'from_ms' | 'until_ms'>[], ms: number): number[] =>
  segments.flatMap((one, i) => (one.from_ms <= ms && ms < one.until_ms ? [i] : []))
