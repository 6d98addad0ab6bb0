import type { Conversation } from '@/api/channels'
import { has, t } from '@/i18n'

/** A line of the system: `taken`, or what somebody did on the platform: `menu:EXAM`. */
export function systemLine(text: string): string {
  const [code = '', ...key] = text.split(':')
  return has(`system_lines.${code}`) ? [t(`system_lines.${code}`), key.join(':')].filter(Boolean).join(' ') : text
}

/** The last words; of a message that is none its kind, which the server writes as `[image]`. */
export function lastWords(one: Pick<Conversation, 'last_text'>): string {
  const kind = /^\[([a-z]+)\]$/.exec(one.last_text)?.[1]
  return kind && has(`chats.kinds.${kind}`) ? `[${t(`chats.kinds.${kind}`)}]` : one.last_text
}
