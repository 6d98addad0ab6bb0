// One connection to /api/v1/events, in the shared worker or, where there is none, in the page.
import { EventParser, type LiveEvent } from './sse'

export type LiveStatus = 'connecting' | 'open' | 'lost' | 'signed_out'
export type LiveMessage = { event: LiveEvent } | { status: LiveStatus }

/** The server sends a sign of life every 15 s; three missed ones mean the line is dead. */
const SILENCE_MS = 45_000
const RETRY_MS = [500, 1_000, 2_000, 5_000, 10_000]

export class LiveConnection {
  private readonly parser = new EventParser()
  private abort: AbortController | null = null
  private stopped = true
  private failures = 0
  private wake: (() => void) | null = null
  status: LiveStatus = 'connecting'

  constructor(private readonly tell: (message: LiveMessage) => void) {}

  start(): void {
    if (!this.stopped) return
    this.stopped = false
    this.parser.lastId = null
    void this.run()
  }

  stop(): void {
    this.stopped = true
    this.abort?.abort()
    this.wake?.()
  }

  /** The network came back or somebody signed in: do not wait for the next try. */
  nudge(): void {
    if (this.stopped) this.start()
    else this.wake?.()
  }

  private say(status: LiveStatus): void {
    if (this.status === status) return
    this.status = status
    this.tell({ status })
  }

  private async run(): Promise<void> {
    while (!this.stopped) {
      await this.once()
      if (this.stopped) break
      const pause = RETRY_MS[Math.min(this.failures, RETRY_MS.length - 1)]!
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
    let silence: ReturnType<typeof setTimeout> | undefined
    const alive = () => {
      clearTimeout(silence)
      silence = setTimeout(() => abort.abort(), SILENCE_MS)
    }
    try {
      alive()
      this.parser.restart()
      const resumed = this.parser.lastId !== null
      const response = await fetch('/api/v1/events', {
        headers: {
          accept: 'text/event-stream',
          ...(this.parser.lastId === null ? {} : { 'last-event-id': this.parser.lastId }),
        },
        credentials: 'same-origin',
        cache: 'no-store',
        signal: abort.signal,
      })
      if (response.status === 401) {
        this.stopped = true
        this.say('signed_out')
        return
      }
      if (!response.ok || !response.body) throw new Error(`HTTP ${response.status}`)
      this.failures = 0
      this.say('open')
      // What was missed before the first id cannot be resumed: read everything again.
      if (!resumed) this.tell({ event: { kind: 'reset', id: null, data: null } })
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
      for (;;) {
        const { done, value } = await reader.read()
        if (done) break
        alive()
        for (const event of this.parser.push(value)) {
          if (event.kind === 'session_ended') {
            this.stopped = true
            this.say('signed_out')
            return
          }
          this.tell({ event })
        }
      }
      this.say('lost')
    } catch {
      this.say('lost')
    } finally {
      clearTimeout(silence)
      abort.abort()
    }
  }
}
