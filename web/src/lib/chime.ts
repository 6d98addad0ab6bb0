// The sound of an urgent notice: two soft tones, once, in one tab.
import { play } from './tones'

let context: AudioContext | null = null

/** One tab of the browser sounds for a notice; the others find its name taken. */
export function chime(name: string): void {
  if (typeof AudioContext === 'undefined') return
  if (typeof navigator === 'undefined' || !navigator.locks) return sound()
  void navigator.locks.request(`shoujie.chime.${name}`, { ifAvailable: true }, async (lock) => {
    if (!lock) return
    sound()
    await new Promise((resolve) => setTimeout(resolve, 2_000))
  })
}

function sound(): void {
  context ??= new AudioContext()
  if (context.state === 'suspended') void context.resume().catch(() => {})
  play(context, [[0, 784], [0.18, 1046]], 0.12, 0.35)
}
