// The time that is left as the server counts it: set from each of its answers, counted on by a clock that nobody can
// set, and never taken for the end of the time, which the server alone says.
import { onScopeDispose, ref, type Ref } from 'vue'

export class Countdown {
  private end: number | null = null
  constructor(private readonly ticks: () => number = () => performance.now(), private readonly wasSet: () => void = () => {}) {}

  set(seconds: number | null): void {
    this.end = seconds === null ? null : this.ticks() + seconds * 1_000
    this.wasSet()
  }
  /** Whole seconds say little: they only set a clock that went wrong. */
  about(seconds: number): void {
    const left = this.left()
    if (left === null || Math.abs(left - seconds - 0.5) > 1.5) this.set(seconds + 0.5)
  }
  /** By two moments of the server's clock. */
  between(now: string, deadline: string | null): void {
    if (deadline) this.set((Date.parse(deadline) - Date.parse(now)) / 1_000)
  }
  /** Seconds; null while nothing runs. */
  left(): number | null {
    return this.end === null ? null : Math.max(0, (this.end - this.ticks()) / 1_000)
  }
}

/** How loud the clock is: the last five minutes, and the last one. */
export function pressing(left: number | null): '' | 'soon' | 'last' {
  if (left === null) return ''
  return left <= 60 ? 'last' : left <= 300 ? 'soon' : ''
}

/** The seconds for a template, and what happens once they are over. */
export function useCountdown(over: () => void): { clock: Countdown; left: Readonly<Ref<number | null>> } {
  const left = ref<number | null>(null)
  const clock: Countdown = new Countdown(undefined, () => (left.value = clock.left()))
  let told = false
  const timer = setInterval(() => {
    left.value = clock.left()
    if (left.value === 0 && !told) over()
    told = left.value === 0
  }, 250)
  onScopeDispose(() => clearInterval(timer))
  return { clock, left }
}
