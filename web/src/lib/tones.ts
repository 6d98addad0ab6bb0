// Soft tones, made on the spot. No sound file to fetch.

/** Tones of so many hertz, each so many seconds from now. */
export function play(context: AudioContext, tones: readonly (readonly [start: number, pitch: number])[], loud: number, length: number): void {
  for (const [start, pitch] of tones) {
    const at = context.currentTime + start
    const tone = context.createOscillator()
    const volume = context.createGain()
    tone.type = 'sine'
    tone.frequency.value = pitch
    volume.gain.setValueAtTime(0, at)
    volume.gain.linearRampToValueAtTime(loud, at + 0.02)
    volume.gain.exponentialRampToValueAtTime(0.001, at + length)
    tone.connect(volume).connect(context.destination)
    tone.start(at)
    tone.stop(at + length + 0.01)
  }
}
