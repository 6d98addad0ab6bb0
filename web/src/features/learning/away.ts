// That the page of an exam was left: counted, said, not punished. A reload or a browser that was killed counts as well:
// the moment it went stays on the machine.
import type { Shelf } from './keeper'

/** A glance at another window counts; what the page itself does to its focus does not. */
const LEAST_MS = 1_000

export class Away {
  private readonly key: string
  private since: number | null = null

  constructor(attempt: string, private readonly shelf: Shelf, private readonly now: () => number) {
    this.key = `shoujie.away.${attempt}`
    const kept = Number(shelf.getItem(this.key))
    if (kept) this.since = kept
  }

  go(): void {
    if (this.since !== null) return
    this.since = this.now()
    this.keep()
  }

  /** Seconds he was away; null where he was not, or too short to count. */
  back(): number | null {
    if (this.since === null) return null
    const ms = this.now() - this.since
    this.since = null
    this.shelf.removeItem(this.key)
    return ms < LEAST_MS ? null : Math.min(86_400, Math.round(ms / 1_000))
  }

  private keep(): void {
    try {
      this.shelf.setItem(this.key, String(this.since))
    } catch {
      // Then only a reload is not counted.
    }
  }
}
