// Recordings as a list: what the page asks for in words of the server, and how each row stands. Pure.
import type { Filters } from '@/api/client'
import type { Keeping } from '@/api/types'

export const RECORDING_STATES = ['good', 'damaged', 'missing', 'unknown', 'removed'] as const
export type RecordingState = (typeof RECORDING_STATES)[number]
export const STATE_TONES: Record<RecordingState, string> = { good: 'green', damaged: 'red', missing: 'red', unknown: '', removed: '' }
export const RECORDING_PLACES = ['local', 'both', 'archive'] as const
export const stateOf = (keeping: Pick<Keeping, 'removal' | 'condition'>): RecordingState => (keeping.removal ? 'removed' : (keeping.condition ?? 'unknown'))

/** One state of the page is two questions to the server: what was found, and whether it is still there. */
export function asked({ state, ...filters }: Filters): Filters {
  if (state === 'removed') return { ...filters, removed: true }
  if (state === 'unknown') return { ...filters, checked: false, removed: false }
  return state ? { ...filters, condition: state, removed: false } : filters
}
