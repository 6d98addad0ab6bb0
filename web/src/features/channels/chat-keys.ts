// The keys of the inbox. Letters go with Alt, so that they work while one writes.
export const CHAT_KEYS = {
  next: 'Alt ↓', previous: 'Alt ↑', write: 'Alt I', send: 'Ctrl ↵', script: '/', note: 'Alt N', file: 'Alt A', transfer: 'Alt T', end: 'Alt E', callback: 'Alt C',
  requester: 'Alt U', knowledge: 'Alt S', tree: 'Alt G', record: 'Alt J', tab: 'Alt L', retry: 'Alt Y', older: 'Alt PgUp', newer: 'Alt PgDn',
} as const
export type ChatKey = Exclude<keyof typeof CHAT_KEYS, 'send' | 'script'>

const BY_CODE: Record<string, ChatKey> = {
  ArrowDown: 'next', ArrowUp: 'previous', KeyI: 'write', KeyN: 'note', KeyA: 'file', KeyT: 'transfer', KeyE: 'end', KeyC: 'callback', KeyU: 'requester', KeyS: 'knowledge', KeyG: 'tree',
  KeyJ: 'record', KeyL: 'tab', KeyY: 'retry', PageUp: 'older', PageDown: 'newer',
}

/** What a press means to the inbox; null when it means nothing. */
export function chatKey(press: { code: string; altKey: boolean; ctrlKey: boolean; metaKey: boolean; shiftKey: boolean; isComposing: boolean }): ChatKey | null {
  if (!press.altKey || press.ctrlKey || press.metaKey || press.shiftKey || press.isComposing) return null
  return BY_CODE[press.code] ?? null
}
