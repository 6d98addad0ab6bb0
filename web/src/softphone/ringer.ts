// The ring: two soft tones, a pause, again.
import { play } from '@/lib/tones'

export class Ringer {
  private context: AudioContext | null = null
  private timer: ReturnType<typeof setInterval> | undefined

  /** Browsers keep sound shut until the page was touched; the first touch opens it. */
  unlock(): void {
    this.context ??= new AudioContext()
    if (this.context.state === 'suspended') void this.context.resume().catch(() => {})
  }

  start(): void {
    if (this.timer !== undefined) return
    this.unlock()
    this.burst()
    this.timer = setInterval(() => this.burst(), 2_400)
  }

  stop(): void {
    clearInterval(this.timer)
    this.timer = undefined
  }

  private burst(): void {
    if (this.context?.state === 'running') play(this.context, [[0, 660], [0.22, 880], [0.6, 660], [0.82, 880]], 0.22, 0.2)
  }
}
