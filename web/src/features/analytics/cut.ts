import { computed, type WritableComputedRef } from 'vue'
import { useRoute, useRouter } from 'vue-router'
import type { KpiCut } from '@/api/kpis'
import { serverNow } from '@/lib/clock'
import { day } from '@/lib/format'

const NAMES = ['from', 'to', 'channel', 'queue', 'matter', 'person'] as const

/** The period and cut of the address; the last thirty days of everything where it says none. */
export function useCut(): WritableComputedRef<KpiCut> {
  const route = useRoute()
  const router = useRouter()
  const said = (name: string): string => {
    const value = route.query[name]
    return typeof value === 'string' ? value : ''
  }
  return computed({
    get: () => ({
      from: said('from') || day(new Date(serverNow() - 29 * 86_400_000).toISOString()), to: said('to') || day(serverNow()),
      channel: said('channel'), queue: said('queue'), matter: said('matter'), person: said('person'),
    }),
    set: (cut) => {
      const query: Record<string, unknown> = { ...route.query }
      for (const name of NAMES) {
        if (cut[name]) query[name] = cut[name]
        else delete query[name]
      }
      void router.replace({ query: query as Record<string, string> })
    },
  })
}

/** The address of another page with the same cut. */
export function withCut(path: string, cut: KpiCut, more: Record<string, string> = {}): string {
  const query = new URLSearchParams({ ...Object.fromEntries(Object.entries(cut).filter(([, value]) => value)), ...more })
  return `${path}?${query.toString()}`
}
