// The sound of an urgent notice: two soft tones, once, in one tab. No sound file to fetch.

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
  for (const [start, pitch] of [[0, 784], [0.18, 1046]] as const) {
    const at = context.currentTime + start
    const tone = context.createOscillator()
    const volume = context.createGain()
    tone.type = 'sine'
    tone.frequency.value = pitch
    volume.gain.setValueAtTime(0, at)
    volume.gain.linearRampToValueAtTime(0.12, at + 0.02)
    volume.gain.exponentialRampToValueAtTime(0.001, at + 0.35)
    tone.connect(volume).connect(context.destination)
    tone.start(at)
    tone.stop(at + 0.36)
  }
}
