// How pressing a ticket is: one reading of its due time for every page.
import { day, dayStart } from '@/lib/format'
import type { Ticket } from '@/api/types'

/**
 * `used_percent` is counted by the server on the clock of the limit. Where it is not told, the time since `opened_at`
 * stands in; null where nobody knows since when the clock runs: then nothing is said about how much is used.
 */
export type Timed = Pick<Ticket, 'state' | 'open' | 'due_at'> & { opened_at: string | null; used_percent?: number | null }

/** `none`: nothing is due. `still`: the clock stands or the answer is out. */
export type Level = 'none' | 'still' | 'over' | 'most' | 'half' | 'calm'

export interface Due {
  level: Level
  /** Seconds left; how long it is over when `level` is `over`. */
  seconds: number
  /** Used share of the limit, 0 to 1. */
  used: number
}

export const STANDING = ['suspended', 'replied']

export function dueOf(ticket: Timed, now: number): Due {
  if (!ticket.open || !ticket.due_at || ticket.state === 'draft') return { level: 'none', seconds: 0, used: 0 }
  const due = Date.parse(ticket.due_at)
  const left = (due - now) / 1000
  const used = typeof ticket.used_percent === 'number' ? Math.min(1, ticket.used_percent / 100) : usedOf(ticket.opened_at, due, now)
  if (STANDING.includes(ticket.state)) return { level: 'still', seconds: Math.max(0, left), used }
  if (left < 0) return { level: 'over', seconds: -left, used: 1 }
  return { level: used >= 0.8 ? 'most' : used >= 0.5 ? 'half' : 'calm', seconds: left, used }
}

function usedOf(since: string | null, due: number, now: number): number {
  if (!since) return 0
  const whole = due - Date.parse(since)
  return whole > 0 ? Math.min(1, Math.max(0, (now - Date.parse(since)) / whole)) : 1
}

/** 62%; what is far over its end needs no exact number. */
export const usedWord = (percent: number): string => (percent > 999 ? '>999%' : `${percent}%`)

export type Span = { unit: 'dh' | 'hm' | 'm'; a: number; b: number }

/** The two largest units of a stretch: 1 天 3 小时, 3 小时 20 分, 20 分. */
export function span(seconds: number): Span {
  const minutes = Math.floor(Math.max(0, seconds) / 60)
  const days = Math.floor(minutes / 1440)
  if (days > 0) return { unit: 'dh', a: days, b: Math.floor((minutes % 1440) / 60) }
  const hours = Math.floor(minutes / 60)
  return hours > 0 ? { unit: 'hm', a: hours, b: minutes % 60 } : { unit: 'm', a: minutes, b: 0 }
}

/** Days ahead that count as soon. */
const SOON_DAYS = 3

/** The buckets of a day's work, in the order they press. `waiting` is with somebody else now. */
export const BUCKETS = ['over', 'today', 'soon', 'later', 'waiting'] as const
export type Bucket = (typeof BUCKETS)[number]

export function bucketOf(ticket: Timed, now: number): Bucket | null {
  const due = dueOf(ticket, now)
  if (due.level === 'none') return null
  if (due.level === 'still' || ticket.state === 'pending_review') return 'waiting'
  if (due.level === 'over') return 'over'
  const at = Date.parse(ticket.due_at!)
  const today = Date.parse(dayStart(day(now), true))
  if (at < today) return 'today'
  return at < today + SOON_DAYS * 86_400_000 ? 'soon' : 'later'
}

/** By bucket, each by due time. */
export function byBucket<T extends Timed>(tickets: T[], now: number): Record<Bucket, T[]> {
  const found = Object.fromEntries(BUCKETS.map((bucket) => [bucket, [] as T[]])) as Record<Bucket, T[]>
  for (const ticket of tickets) {
    const bucket = bucketOf(ticket, now)
    if (bucket) found[bucket].push(ticket)
  }
  for (const list of Object.values(found)) list.sort((a, b) => (a.due_at ?? '').localeCompare(b.due_at ?? ''))
  return found
}

/** The due filter of an address as a moment; relative, so that a saved view stays true tomorrow. */
export const DUE_FILTERS = ['overdue', 'today', 'tomorrow', 'week'] as const
export function dueBefore(filter: string | undefined, now: number): string | undefined {
  const end = (days: number) => dayStart(day(now + days * 86_400_000), true)
  switch (filter) {
    case 'overdue': return new Date(now).toISOString()
    case 'today': return end(0)
    case 'tomorrow': return end(1)
    case 'week': return end(6)
    default: return undefined
  }
}
