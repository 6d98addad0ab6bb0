// The sound of an urgent notice, or of a message: soft tones, once, in one tab.
import { play } from './tones'

interface Sound { tones: readonly (readonly [start: number, pitch: number])[]; loud: number; length: number }
const URGENT: Sound = { tones: [[0, 784], [0.18, 1046]], loud: 0.12, length: 0.35 }
/** One quiet tone: somebody wrote, nobody has to jump. */
export const MESSAGE: Sound = { tones: [[0, 587]], loud: 0.06, length: 0.2 }

let context: AudioContext | null = null

/** One tab of the browser sounds for a notice; the others find its name taken. */
export function chime(name: string, which: Sound = URGENT): void {
  if (typeof AudioContext === 'undefined') return
  if (typeof navigator === 'undefined' || !navigator.locks) return sound(which)
  void navigator.locks.request(`shoujie.chime.${name}`, { ifAvailable: true }, async (lock) => {
    if (!lock) return
    sound(which)
    await new Promise((resolve) => setTimeout(resolve, 2_000))
  })
}

function sound({ tones, loud, length }: Sound): void {
  context ??= new AudioContext()
  if (context.state === 'suspended') void context.resume().catch(() => {})
  play(context, tones, loud, length)
}
