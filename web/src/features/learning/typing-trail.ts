// What is typed in a typing test, change by change, as the server wants to hear it: what stands committed in the field
// and the events that made it. While an input method composes nothing is committed.
import type { TypingEvent } from '@/api/learning'

/** Events of one message; the server takes a few more. */
const MOST_EVENTS = 400

export interface Message { seq: number; typed: string; events: TypingEvent[] }
interface Piece { typed: string; events: TypingEvent[]; came: number }

/** How many characters are new and how many went: what stands between the common beginning and end. */
export function difference(before: string, after: string): { added: number; removed: number } {
  const a = Array.from(before)
  const b = Array.from(after)
  let head = 0
  while (head < a.length && head < b.length && a[head] === b[head]) head += 1
  let tail = 0
  while (tail < a.length - head && tail < b.length - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail += 1
  return { added: b.length - head - tail, removed: a.length - head - tail }
}

/** The messages of one test, in their order: one is under way, the others wait; after a refusal what the server has stands. */
export class TypingTrail {
  /** What stands committed in the field. */
  typed: string
  /** What the server has taken. */
  base: string
  private seq: number
  private pieces: Piece[] = []
  private underway: Piece | null = null

  constructor(typed: string, seq: number) {
    this.typed = this.base = typed
    this.seq = seq
  }

  change(after: string, atMs: number): void {
    const { added, removed } = difference(this.typed, after)
    if (added === 0 && removed === 0) return
    const event: TypingEvent = { at_ms: Math.max(0, Math.round(atMs)), added, removed, pasted: false }
    const last = this.pieces.at(-1)
    const from = this.pieces.length > 1 ? this.pieces.at(-2)!.typed : (this.underway?.typed ?? this.base)
    // The server lays the texts of two messages beside each other: of changes at two places it would think that all
    // between them is new. What does not fit into the message begins the next one.
    if (last && last.events.length < MOST_EVENTS && difference(from, after).added <= last.came + added) {
      last.events.push(event)
      last.came += added
      last.typed = after
    } else {
      this.pieces.push({ typed: after, events: [event], came: added })
    }
    this.typed = after
  }

  /** What is sent next; none while a message is under way or nothing is new. */
  next(): Message | null {
    if (this.underway) return null
    this.underway = this.pieces.shift() ?? null
    return this.underway && { seq: this.seq + 1, typed: this.underway.typed, events: this.underway.events }
  }
  get waits(): boolean {
    return this.underway !== null || this.pieces.length > 0
  }
  get sending(): boolean {
    return this.underway !== null
  }

  taken(seq: number): void {
    if (this.underway) this.base = this.underway.typed
    this.underway = null
    this.seq = Math.max(this.seq, seq)
  }
  /** It did not get there, or nobody knows: it is sent again under its number. */
  lost(): void {
    if (this.underway) this.pieces.unshift(this.underway)
    this.underway = null
  }
  /** It was not taken: what the server has stands in the field. */
  refused(typed: string, seq: number): void {
    this.underway = null
    this.pieces = []
    this.typed = this.base = typed
    this.seq = seq
  }
  /** That something was to be pasted: nothing of it stands anywhere, and it is told all the same. */
  attempted(atMs: number): Message {
    return { seq: this.seq + 1, typed: this.base, events: [{ at_ms: Math.max(0, Math.round(atMs)), added: 0, removed: 0, pasted: true }] }
  }
}

/** How something comes into a field without being typed. */
const NOT_TYPED = ['insertFromPaste', 'insertFromDrop', 'insertFromYank', 'insertReplacementText', 'insertFromPasteAsQuotation', 'insertLink']
export const isTyped = (inputType: string): boolean => !NOT_TYPED.includes(inputType)

/**
 * The committed text of a field. Chromium says `compositionend` after its last `input`, Firefox and Safari before or
 * after another one: whichever comes, the text is committed once the composition is over.
 */
export class Composition {
  composing = false
  constructor(private readonly commit: (value: string) => void) {}
  start(): void {
    this.composing = true
  }
  input(value: string, composing: boolean): void {
    if (!this.composing && !composing) this.commit(value)
  }
  end(value: string): void {
    this.composing = false
    this.commit(value)
  }
}
