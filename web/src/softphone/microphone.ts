import type { Link } from './state'

const KEY = 'shoujie.noise-suppression'

/** The browser's own noise suppression; off for headsets that bring theirs. */
export function noiseSuppression(): boolean {
  return localStorage.getItem(KEY) !== 'off'
}

export function setNoiseSuppression(on: boolean): void {
  localStorage.setItem(KEY, on ? 'on' : 'off')
}

export class MicrophoneTrouble extends Error {
  constructor(readonly link: Link) {
    super(link)
  }
}

/** Opens the microphone, or says in our words why it cannot. */
export async function openMicrophone(): Promise<MediaStream> {
  if (!window.isSecureContext || !navigator.mediaDevices) throw new MicrophoneTrouble('insecure')
  const process = noiseSuppression()
  try {
    return await navigator.mediaDevices.getUserMedia({
      audio: { channelCount: 1, echoCancellation: process, noiseSuppression: process, autoGainControl: process },
      video: false,
    })
  } catch (error) {
    throw new MicrophoneTrouble(troubleOf(error))
  }
}

export function troubleOf(error: unknown): Link {
  const name = error instanceof Error || error instanceof DOMException ? error.name : ''
  if (name === 'NotFoundError' || name === 'OverconstrainedError') return 'microphone_missing'
  if (name === 'NotReadableError' || name === 'AbortError') return 'microphone_busy'
  return 'microphone_refused'
}

/** A stream without sound, for those who only listen: a demonstration on a machine without a microphone. */
export function silence(): MediaStream {
  const context = new AudioContext()
  const node = context.createMediaStreamDestination()
  return node.stream
}

export function release(stream: MediaStream | null): void {
  for (const track of stream?.getTracks() ?? []) track.stop()
}
