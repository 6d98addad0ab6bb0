// One's own punches by day, and the mark by which a device is told from another.
import type { Punch } from '@/api/workforce'
import { day as dayOf } from '@/lib/format'
import { randomId } from '@/lib/random'

const KEY = 'shoujie.device'
/** The mark this browser keeps; one that may keep nothing has a new one each time, which the sheet of the day shows. */
export function deviceMark(): string {
  try {
    const kept = localStorage.getItem(KEY)
    if (kept) return kept
    const made = randomId()
    localStorage.setItem(KEY, made)
    return made
  } catch {
    return randomId()
  }
}

export interface PunchedDay {
  day: string
  /** The first one in. */
  came: string | null
  /** The last one out; none while he came back after it. */
  left: string | null
  /** In the order of their time. */
  punches: Punch[]
}

/** The latest day first. */
export function byDay(punches: readonly Punch[]): PunchedDay[] {
  const days = new Map<string, Punch[]>()
  for (const one of [...punches].sort((a, b) => a.at.localeCompare(b.at))) {
    const day = dayOf(one.at)
    days.set(day, [...(days.get(day) ?? []), one])
  }
  return [...days].sort(([a], [b]) => b.localeCompare(a)).map(([day, made]) => {
    const last = made.at(-1)!
    return { day, came: made.find((one) => one.kind === 'in')?.at ?? null, left: last.kind === 'out' ? last.at : null, punches: made }
  })
}

/** What would stand out on the sheet of the day: the words `punch_marks.<code>`. */
export function marksOf(one: PunchedDay, today: string, skewSeconds: number): string[] {
  const marks: string[] = []
  if (!one.came) marks.push('no_in')
  if (!one.left && one.day !== today) marks.push('no_out')
  if (one.punches.some((each) => each.kind === 'in' && !each.on_floor)) marks.push('off_floor')
  if (new Set(one.punches.map((each) => each.device)).size > 1) marks.push('two_devices')
  if (one.punches.some((each) => Math.abs(Date.parse(each.device_at) - Date.parse(each.at)) > skewSeconds * 1_000)) marks.push('skew')
  return marks
}
