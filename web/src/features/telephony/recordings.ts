// Recordings as a list. What is asked of the call (who, when, which number) is found among calls, what is asked of the
// file among recordings; each row has both.
import type { Filters } from '@/api/client'
import type { Call, Keeping, Page } from '@/api/types'

export interface RecordingRow { id: string; call: Call | null; keeping: Keeping | null }
export const RECORDING_STATES = ['good', 'damaged', 'missing', 'unknown', 'removed'] as const
export type RecordingState = (typeof RECORDING_STATES)[number]
export const STATE_TONES: Record<RecordingState, string> = { good: 'green', damaged: 'red', missing: 'red', unknown: '', removed: '' }
export const stateOf = (keeping: Pick<Keeping, 'removal' | 'condition'> | null): RecordingState => (keeping?.removal ? 'removed' : (keeping?.condition ?? 'unknown'))

export interface Doors {
  /** Files by what is asked of them; null for who may not list them. */
  files: ((filters: Filters) => Promise<Page<Keeping>>) | null
  calls: (filters: Filters) => Promise<Page<Call>>
  call: (id: string) => Promise<Call>
  keeping: (id: string) => Promise<Keeping>
}
const OF_CALLS = ['q', 'agent', 'from', 'to', 'queue'] as const
const AT_ONCE = 6
/** Calls without a recording are passed over; somewhere it has to end. */
const MOST_PAGES = 8
const ENOUGH = 20

async function each<T, U>(items: readonly T[], work: (item: T) => Promise<U>): Promise<U[]> {
  const out: U[] = []
  for (let at = 0; at < items.length; at += AT_ONCE) out.push(...(await Promise.all(items.slice(at, at + AT_ONCE).map(work))))
  return out
}
const orNull = <T>(asked: Promise<T>): Promise<T | null> => asked.catch(() => null)
const fits = (row: RecordingRow, state: string, held: string): boolean => (!state || stateOf(row.keeping) === state) && (!held || String((row.keeping?.holds_open ?? 0) > 0) === held)

export async function recordingsPage(filters: Filters, doors: Doors): Promise<Page<RecordingRow>> {
  const { state, held, ...query } = filters
  const ofCalls = OF_CALLS.some((name) => query[name])
  // Which have not been looked at yet nobody can ask for; they are told apart here.
  if (doors.files && !ofCalls && state !== 'unknown') {
    const { q: _, ...asked } = query
    const page = await doors.files({ ...asked, held, ...(state === 'removed' ? { removed: true } : state ? { condition: state, removed: false } : {}) })
    // A list tells no rule: until when it stays stands with each alone.
    const items = await each(page.items, async (listed) => {
      const [call, keeping] = await Promise.all([orNull(doors.call(listed.call_id)), orNull(doors.keeping(listed.call_id))])
      return { id: listed.call_id, call, keeping: keeping ?? listed }
    })
    return { ...page, items }
  }
  const items: RecordingRow[] = []
  let { cursor } = query
  for (let read = 0; read < MOST_PAGES; read += 1) {
    const page = await doors.calls({ ...query, cursor, per_page: 50 })
    const rows = await each(page.items.filter((call) => call.has_recording || call.recording), async (call) => ({ id: call.id, call, keeping: await orNull(doors.keeping(call.id)) }))
    items.push(...rows.filter((row) => fits(row, String(state ?? ''), String(held ?? ''))))
    cursor = page.next ?? undefined
    if (!cursor || items.length >= ENOUGH) break
  }
  return { items, next: (cursor as string | undefined) ?? null, total: items.length, total_capped: cursor !== undefined }
}
