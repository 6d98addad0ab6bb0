// Keeps the answers of an exam: each goes to the server by itself, what did not get there stays on this machine and is
// sent again, and what is older never takes the place of what is newer.
import { asProblem } from '@/api/problem'
import type { AnswerReceipt, GivenAnswer } from '@/api/learning'

/** `waiting`: not with the server yet, it is tried again. `refused`: the server does not take it so. */
export type Kept = 'blank' | 'saved' | 'saving' | 'waiting' | 'refused'
export interface Entry { answer: GivenAnswer | null; seq: number; kept: Kept }
interface Pending { seq: number; answer: GivenAnswer }
export interface Shelf { getItem(key: string): string | null; setItem(key: string, value: string): void; removeItem(key: string): void }

export interface Doors {
  save: (no: number, seq: number, answer: GivenAnswer) => Promise<AnswerReceipt>
  /** Milliseconds; the number of an answer is the moment it was given, so that of two machines the later one holds. */
  now: () => number
  /** Something changed that is shown. */
  changed: () => void
  /** The server's clock with an answer of it. */
  clock: (receipt: AnswerReceipt) => void
  /** A newer answer stands, given elsewhere. */
  elsewhere: () => void
  /** The time is over, or it was handed in. */
  over: () => void
  shelf: Shelf
  wait?: (work: () => void, ms: number) => unknown
}

/** Who writes is not saved at each letter. */
const PAUSE_MS = 700
const AGAIN_MS = [1_000, 2_000, 4_000, 8_000, 15_000]
const OVER = ['exam_time_over', 'exam_handed_in', 'exam_not_started']

export const isBlank = (answer: GivenAnswer | null): boolean => !answer || (answer.chosen.length === 0 && answer.truth === null && answer.texts.every((text) => !text.trim()))

export class Keeper {
  readonly entries = new Map<number, Entry>()
  private readonly sending = new Set<number>()
  private readonly due = new Map<number, unknown>()
  private readonly key: string
  private tries = 0
  private closed = false

  constructor(attempt: string, private readonly doors: Doors) {
    this.key = `shoujie.exam.${attempt}`
  }

  /** What the server holds, and what this machine could not bring there before. */
  open(paper: { no: number; answer: GivenAnswer | null; seq: number }[]): void {
    const pending = this.pending()
    for (const { no, answer, seq } of paper) {
      const mine = pending[no]
      const here = this.entries.get(no)
      // The paper was read before this got there: what stands here is newer.
      if (here && here.seq > seq) continue
      if (mine && mine.seq > seq) {
        this.entries.set(no, { answer: mine.answer, seq: mine.seq, kept: 'waiting' })
        this.soon(no, 0)
      } else {
        this.entries.set(no, { answer, seq, kept: isBlank(answer) && seq === 0 ? 'blank' : 'saved' })
      }
    }
    this.shelve()
    this.doors.changed()
  }

  give(no: number, answer: GivenAnswer, at: 'once' | 'pause' = 'once'): void {
    if (this.closed) return
    const before = this.entries.get(no)
    const seq = Math.max((before?.seq ?? 0) + 1, this.doors.now())
    this.entries.set(no, { answer, seq, kept: 'waiting' })
    this.shelve()
    this.doors.changed()
    this.soon(no, at === 'once' ? 0 : PAUSE_MS)
  }

  /** Answers that are not with the server. */
  get unsaved(): number {
    return [...this.entries.values()].filter((one) => one.kept === 'waiting' || one.kept === 'saving').length
  }
  get refused(): number[] {
    return [...this.entries].filter(([, one]) => one.kept === 'refused').map(([no]) => no)
  }
  get answered(): number {
    return [...this.entries.values()].filter((one) => !isBlank(one.answer)).length
  }
  /** The server could not be reached the last time. */
  get cut(): boolean {
    return this.tries > 0
  }

  /** Sends what waits, at once: the net is back, or the paper is handed in. */
  flush(): void {
    for (const [no, one] of this.entries) if (one.kept === 'waiting') this.soon(no, 0)
  }

  /** Nothing is taken any more; what the server does not have is lost with the time. */
  close(): void {
    this.closed = true
    this.doors.shelf.removeItem(this.key)
  }

  private soon(no: number, ms: number): void {
    const wait = this.doors.wait ?? setTimeout
    const turn = {}
    this.due.set(no, turn)
    wait(() => {
      if (this.due.get(no) === turn) void this.send(no)
    }, ms)
  }

  private async send(no: number): Promise<void> {
    const one = this.entries.get(no)
    if (!one?.answer || one.kept !== 'waiting' || this.closed || this.sending.has(no)) return
    const { seq, answer } = one
    this.sending.add(no)
    one.kept = 'saving'
    this.doors.changed()
    try {
      const receipt = await this.doors.save(no, seq, answer)
      this.tries = 0
      this.doors.clock(receipt)
      if (!this.stands(no, seq)) return
      const now = this.entries.get(no)!
      now.kept = 'saved'
      if (!receipt.taken) this.doors.elsewhere()
    } catch (error) {
      this.failed(no, seq, error)
    } finally {
      this.sending.delete(no)
      if (!this.closed) {
        this.shelve()
        // What was written while this was on its way.
        if (this.entries.get(no)?.kept === 'waiting' && this.stands(no, seq) === false) this.soon(no, 0)
      }
      this.doors.changed()
    }
  }

  private stands(no: number, seq: number): boolean {
    return this.entries.get(no)?.seq === seq
  }

  private failed(no: number, seq: number, error: unknown): void {
    const { status, code } = asProblem(error)
    if (OVER.includes(code)) return this.doors.over()
    if (!this.stands(no, seq)) return
    const one = this.entries.get(no)!
    // Of what the server understood and does not take nothing comes by trying again.
    if (status >= 400 && status < 500 && ![401, 408, 429].includes(status)) {
      one.kept = 'refused'
      return
    }
    one.kept = 'waiting'
    const pause = AGAIN_MS[Math.min(this.tries, AGAIN_MS.length - 1)]!
    this.tries += 1
    this.soon(no, pause)
  }

  private pending(): Record<number, Pending> {
    try {
      return JSON.parse(this.doors.shelf.getItem(this.key) ?? '{}') as Record<number, Pending>
    } catch {
      return {}
    }
  }
  private shelve(): void {
    const left = [...this.entries].filter(([, one]) => one.answer && (one.kept === 'waiting' || one.kept === 'saving'))
    try {
      if (left.length) this.doors.shelf.setItem(this.key, JSON.stringify(Object.fromEntries(left.map(([no, { seq, answer }]) => [no, { seq, answer }]))))
      else this.doors.shelf.removeItem(this.key)
    } catch {
      // A full or forbidden store costs the safety net, not the exam.
    }
  }
}
