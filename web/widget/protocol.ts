// What the host page's loader and the frame say to each other: whether the frame is seen, and how much is unread.
// No token, no text, no name passes here.

export interface ToFrame {
  shoujie: 'open' | 'open_quietly' | 'folded'
}
export type FromFrame = { shoujie: 'ready' } | { shoujie: 'close' } | { shoujie: 'unread'; count: number } | { shoujie: 'going'; going: boolean }

const record = (data: unknown): Record<string, unknown> | null => (typeof data === 'object' && data !== null ? (data as Record<string, unknown>) : null)

export function isFromFrame(data: unknown): data is FromFrame {
  const said = record(data)
  switch (said?.shoujie) {
    case 'ready':
    case 'close':
      return true
    case 'unread':
      return Number.isSafeInteger(said.count) && (said.count as number) >= 0
    case 'going':
      return typeof said.going === 'boolean'
    default:
      return false
  }
}

export function isToFrame(data: unknown): data is ToFrame {
  const said = record(data)?.shoujie
  return said === 'open' || said === 'open_quietly' || said === 'folded'
}

/** The origin of the page that holds the frame, as it gave it; null when it is not one. */
export function originOf(given: string | null): string | null {
  if (!given) return null
  try {
    const url = new URL(given)
    return (url.protocol === 'https:' || url.protocol === 'http:') && url.origin === given ? given : null
  } catch {
    return null
  }
}
