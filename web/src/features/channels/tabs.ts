// The tabs of the inbox and what each asks for.
import type { Conversation } from '@/api/channels'
import type { Filters } from '@/api/client'
import { matches } from '@/lib/pinyin'
import { whoIs } from './standing'

export const TABS = ['mine', 'waiting', 'left', 'all', 'closed'] as const
export type Tab = (typeof TABS)[number]

/** Who sees only his own sees nobody wait: what waits for him rings. */
export const tabsFor = (all: boolean): Tab[] => TABS.filter((tab) => all || (tab !== 'waiting' && tab !== 'all'))

/** Null where nothing is asked: what is in my hand is known already. */
export function tabQuery(tab: Tab, all: boolean, filters: { q: string; channel: string }): Filters | null {
  const { q, channel } = filters
  switch (tab) {
    case 'mine': return null
    case 'waiting': return { state: 'waiting', q, channel, sort: 'waiting_since' }
    case 'left': return { state: 'left', q, channel, sort: 'waiting_since' }
    case 'all': return { open: true, q, channel }
    case 'closed': return { state: 'closed', ...(all ? {} : { mine: true }), q, channel }
  }
}

/** The conversations in hand that the filters leave. */
export function inHand(hand: readonly Conversation[], { q, channel }: { q: string; channel: string }): Conversation[] {
  return hand.filter((one) => (!channel || one.channel === channel) && (!q.trim() || [whoIs(one), one.last_text, one.number, one.requester?.phone ?? ''].some((text) => matches(q, text))))
}
