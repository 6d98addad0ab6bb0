// Somebody else changed the ticket while one was typing: what changed, without losing what was typed.
import { shallowRef } from 'vue'
import { asProblem } from '@/api/problem'
import { ticketHistory } from '@/api/tickets'
import type { HistoryLine, Id } from '@/api/types'

export interface Stale { lines: HistoryLine[] }

export function useStale(id: () => Id) {
  const stale = shallowRef<Stale | null>(null)
  /** True when `error` says that the version is old; what happened since is read from the history. */
  async function caught(error: unknown, version: number): Promise<boolean> {
    if (asProblem(error).code !== 'stale_version') return false
    await look(version)
    return true
  }
  /** What happened after `version`. */
  async function look(version: number): Promise<void> {
    const lines = await ticketHistory(id(), 30).then((page) => page.items.filter((line) => line.version > version), () => [])
    stale.value = { lines }
  }
  return { stale, caught, look, forget: () => (stale.value = null) }
}
