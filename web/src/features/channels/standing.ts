// How a conversation stands: what its mark is, whether one may write in it, and how long yet.
import type { Conversation } from '@/api/channels'

export type Hindrance =
  | 'not_accepted' | 'left' | 'conversation_ended' | 'not_your_conversation' | 'reply_window_closed' | 'reply_quota_used'

/** Why nothing can be sent now; null when it can. The platform is never asked what it would refuse. `all`: one may answer for others. */
export function hindrance(one: Conversation, me: string | null, now: number, all = false): Hindrance | null {
  if (one.state === 'wrap_up' || one.state === 'closed') return 'conversation_ended'
  if (one.state === 'waiting') return 'not_accepted'
  if (one.state === 'left') return 'left'
  if (one.agent?.id !== me && !all) return 'not_your_conversation'
  const { window } = one
  if (!window) return null
  if (window.blocked) return window.blocked
  if (window.expires_at && Date.parse(window.expires_at) <= now) return 'reply_window_closed'
  return window.left !== null && window.left <= 0 ? 'reply_quota_used' : null
}

export const platformBlocks = (why: Hindrance | null): boolean => why === 'reply_window_closed' || why === 'reply_quota_used'

/** Milliseconds that the platform still takes replies; null where it sets no time. */
export function windowLeft(one: Conversation, now: number): number | null {
  const at = one.window?.expires_at
  return at ? Math.max(0, Date.parse(at) - now) : null
}

const SOON_MS = 10 * 60_000
/** It is time to write: the window closes soon, or the last reply is left. */
export function windowShort(one: Conversation, now: number): boolean {
  if (!one.window || one.state !== 'active') return false
  const left = windowLeft(one, now)
  return one.window.blocked !== null || (left !== null && left <= SOON_MS) || (one.window.left !== null && one.window.left <= 1)
}

export type Mark = 'offered' | 'waiting' | 'unanswered' | 'answered' | 'wrap_up' | 'left' | 'closed'
export function markOf(one: Conversation): Mark {
  if (one.state === 'waiting') return one.offered_to_me ? 'offered' : 'waiting'
  if (one.state === 'active') return one.unanswered_since ? 'unanswered' : 'answered'
  return one.state
}

const URGENCY: Record<Mark, number> = { offered: 0, unanswered: 1, answered: 3, wrap_up: 3, waiting: 4, left: 4, closed: 5 }
const BLOCKED = 2
/** Who cannot be answered there any more comes after those who can. */
const urgency = (one: Conversation, mark: Mark): number => (mark === 'unanswered' && one.window?.blocked ? BLOCKED : URGENCY[mark])
/** What rings first, then who waits longest for an answer, then the newest word. */
export function byUrgency(a: Conversation, b: Conversation): number {
  const [ua, ub] = [urgency(a, markOf(a)), urgency(b, markOf(b))]
  if (ua !== ub) return ua - ub
  if (markOf(a) === 'unanswered') return Date.parse(a.unanswered_since!) - Date.parse(b.unanswered_since!)
  return Date.parse(b.last_at) - Date.parse(a.last_at)
}

/** Who it is: as the person said, as the platform says, or by what is known. */
export const whoIs = (one: Conversation): string => one.nickname || one.requester?.nickname || one.requester?.name || one.requester?.phone || one.number
