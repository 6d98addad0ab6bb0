// The ring, made on the spot: two soft tones, a pause, again. No sound file to fetch.

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
    const context = this.context
    if (!context || context.state !== 'running') return
    for (const [start, pitch] of [[0, 660], [0.22, 880], [0.6, 660], [0.82, 880]] as const) {
      const at = context.currentTime + start
      const tone = context.createOscillator()
      const volume = context.createGain()
      tone.type = 'sine'
      tone.frequency.value = pitch
      volume.gain.setValueAtTime(0, at)
      volume.gain.linearRampToValueAtTime(0.22, at + 0.02)
      volume.gain.exponentialRampToValueAtTime(0.001, at + 0.2)
      tone.connect(volume).connect(context.destination)
      tone.start(at)
      tone.stop(at + 0.21)
    }
  }
}
