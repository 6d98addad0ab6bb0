// Only one tab may hold the softphone: a Web Lock elects it, a broadcast channel lets the others watch.
import type { PhoneState } from './state'

export type Command = 'answer' | 'decline' | 'hang_up' | 'retry'
export type TabMessage = { state: PhoneState } | { ask: true } | { command: Command }

export class TabLock {
  private release: (() => void) | null = null
  private abort: AbortController | null = null

  constructor(
    private readonly name: string,
    private readonly onHeld: () => void,
    private readonly onLost: () => void,
  ) {}

  /** Waits for its turn; `steal` takes the softphone over from the other tab. */
  async acquire(steal = false): Promise<void> {
    // Outside a secure context there are no locks, and no microphone to fight over.
    if (!navigator.locks) return this.onHeld()
    this.abort?.abort()
    const abort = new AbortController()
    this.abort = abort
    try {
      await navigator.locks.request(this.name, steal ? { steal: true } : { signal: abort.signal }, () => {
        this.onHeld()
        return new Promise<void>((resolve) => {
          this.release = resolve
        })
      })
    } catch {
      // Given up while waiting, or taken over by another tab.
      if (this.release) {
        this.release = null
        this.onLost()
      }
    }
  }

  drop(): void {
    const release = this.release
    this.release = null
    this.abort?.abort()
    this.abort = null
    release?.()
  }
}
