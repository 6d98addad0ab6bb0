// The page around the frame. It may only say whether the frame is seen; it hears how much is unread.
import { isToFrame, originOf, type FromFrame, type ToFrame } from '../protocol'

export class Host {
  readonly framed = window.parent !== window
  private readonly origin: string | null

  constructor(given: string | null, hear: (said: ToFrame['shoujie']) => void) {
    this.origin = this.framed ? originOf(given) : null
    if (!this.origin) return
    addEventListener('message', (event) => {
      if (event.source === window.parent && event.origin === this.origin && isToFrame(event.data)) hear(event.data.shoujie)
    })
  }

  /** Whether somebody answers to `close`. */
  get known(): boolean {
    return this.origin !== null
  }
  tell(said: FromFrame): void {
    if (this.origin) window.parent.postMessage(said, this.origin)
  }
}
