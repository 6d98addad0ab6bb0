// The line to the server: one stream of events, resumed after every break. A stream that is open is not believed:
// silence ends it, and what it should have brought is fetched beside it.
import { EventParser, type LiveEvent } from '../../src/live/sse'

export type LineState = 'connecting' | 'open' | 'lost' | 'gone'

export interface LineDeps {
  /** Opens the stream; throws when refused. */
  open(signal: AbortSignal): Promise<ReadableStream<Uint8Array>>
  /** Fetches what came after the last known message. */
  catchUp(): Promise<void>
  hear(event: LiveEvent): void
  tell(state: LineState): void
  /** Whether the server no longer knows this visitor. */
  isGone(error: unknown): boolean
  /** How long the server asks to wait, in ms. */
  asked(error: unknown): number
  random?(): number
}

/** The server sends a sign of life every 15 s; three missed ones mean the line is dead. */
export const SILENCE_MS = 45_000
/** A stream that never brought a byte may be held back by a proxy: ask beside it. */
export const UNPROVEN_MS = 8_000
/** A stream may live and yet bring nothing: ask now and then anyway. */
export const CHECK_MS = 60_000
const RETRY_MS = [1_000, 2_000, 4_000, 8_000, 15_000]
/** A stream that lived this long was a good one. */
const GOOD_MS = 10_000

/** The pause before a try, spread so that a restarted server is not run down by all at once. */
export function pauseOf(failures: number, random: number, asked = 0): number {
  const base = RETRY_MS[Math.min(failures, RETRY_MS.length - 1)]!
  return Math.max(asked, Math.round(base * (0.75 + random / 2)))
}

export class Line {
  private abort: AbortController | null = null
  private stopped = true
  private failures = 0
  private wait = 0
  private wake: (() => void) | null = null
  private heard = 0
  state: LineState = 'connecting'

  constructor(private readonly deps: LineDeps) {}

  start(): void {
    if (!this.stopped) return
    this.stopped = false
    this.failures = 0
    void this.run()
  }

  stop(): void {
    this.stopped = true
    this.abort?.abort()
    this.wake?.()
  }

  /** The network is back, or the page is looked at again. */
  nudge(): void {
    if (this.stopped) return
    if (this.wake) this.wake()
    else if (Date.now() - this.heard > SILENCE_MS / 2) this.abort?.abort()
    else void this.fetch()
  }

  private say(state: LineState): void {
    if (this.state === state) return
    this.state = state
    this.deps.tell(state)
  }

  private refused(error: unknown): void {
    if (this.deps.isGone(error)) {
      this.stopped = true
      this.say('gone')
      this.abort?.abort()
    }
    this.wait = Math.max(this.wait, this.deps.asked(error))
  }

  /** Whether it could be fetched. */
  private async fetch(): Promise<boolean> {
    try {
      await this.deps.catchUp()
      return true
    } catch (error) {
      this.refused(error)
      return false
    }
  }

  private async run(): Promise<void> {
    while (!this.stopped) {
      const began = Date.now()
      this.wait = 0
      await this.once()
      if (this.stopped) break
      if (Date.now() - began > GOOD_MS) this.failures = 0
      const pause = pauseOf(this.failures, (this.deps.random ?? Math.random)(), this.wait)
      this.failures += 1
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, pause)
        this.wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
      this.wake = null
    }
  }

  private async once(): Promise<void> {
    const abort = new AbortController()
    this.abort = abort
    const parser = new EventParser()
    let silence: ReturnType<typeof setTimeout> | undefined
    const alive = () => {
      this.heard = Date.now()
      clearTimeout(silence)
      silence = setTimeout(() => abort.abort(), SILENCE_MS)
    }
    alive()
    let proven = false
    const held = setInterval(() => {
      if (!proven) void this.fetch()
    }, UNPROVEN_MS)
    const check = setInterval(() => void this.fetch(), CHECK_MS)
    try {
      const stream = await this.deps.open(abort.signal)
      this.say('open')
      // After the stream stands, so that nothing falls between the two.
      void this.fetch().then((fetched) => {
        if (!fetched) abort.abort()
      })
      const reader = stream.getReader()
      const decoder = new TextDecoder()
      const cut = new Promise<never>((_, reject) => abort.signal.addEventListener('abort', () => reject(new Error('cut'))))
      cut.catch(() => {})
      for (;;) {
        // Not every browser ends the reading when the request is aborted.
        const { done, value } = await Promise.race([reader.read(), cut])
        if (done) break
        proven = true
        alive()
        for (const event of parser.push(decoder.decode(value, { stream: true }))) this.deps.hear(event)
      }
      this.say('lost')
    } catch (error) {
      if (!abort.signal.aborted) this.refused(error)
      if (this.state !== 'gone') this.say('lost')
      // Where streams are not let through at all, messages still come, if slowly.
      if (!this.stopped && !abort.signal.aborted) await this.fetch()
    } finally {
      clearTimeout(silence)
      clearInterval(held)
      clearInterval(check)
      abort.abort()
    }
  }
}
