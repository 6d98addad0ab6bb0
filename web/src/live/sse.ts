// Reads a server-sent event stream by hand, so that the id to resume from is ours to keep.

export interface LiveEvent {
  kind: string
  id: string | null
  data: unknown
}

/** Takes text as it arrives and gives whole events (WHATWG HTML §9.2.6). */
export class EventParser {
  private rest = ''
  private kind = ''
  private data: string[] = []
  lastId: string | null = null

  push(text: string): LiveEvent[] {
    const events: LiveEvent[] = []
    const lines = (this.rest + text).split(/\r\n|\n|\r(?!$)/)
    this.rest = lines.pop() ?? ''
    for (const line of lines) {
      if (line === '') {
        if (this.data.length > 0) events.push({ kind: this.kind || 'message', id: this.lastId, data: parse(this.data.join('\n')) })
        else if (this.kind === 'reset') events.push({ kind: 'reset', id: this.lastId, data: null })
        this.kind = ''
        this.data = []
        continue
      }
      const colon = line.indexOf(':')
      if (colon === 0) continue
      const field = colon < 0 ? line : line.slice(0, colon)
      const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '')
      if (field === 'event') this.kind = value
      else if (field === 'data') this.data.push(value)
      else if (field === 'id' && !value.includes('\0')) this.lastId = value
    }
    return events
  }

  /** Forgets half an event; the id stays, the stream resumes from it. */
  restart(): void {
    this.rest = ''
    this.kind = ''
    this.data = []
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
