import { defineStore } from 'pinia'
import { ref, shallowRef } from 'vue'
import { incidents } from '@/api/cases'
import { P } from '@/api/permissions'
import type { Incident } from '@/api/types'
import { throttled, useLive } from './live'
import { useSession } from './session'

/** The mass incidents that are known now, on every page alike: the banner, what a ticket can be linked to. */
export const useIncidents = defineStore('incidents', () => {
  const session = useSession()
  const items = shallowRef<Incident[]>([])
  const total = ref(0)
  let asked: Promise<void> | null = null

  async function load(): Promise<void> {
    const found = await incidents({ open: true, per_page: 20 })
    items.value = found.items
    total.value = found.total
  }
  /** Reads them once; live events keep them fresh. */
  function ready(): Promise<void> {
    if (!session.can(P.viewIncidents)) return Promise.resolve()
    asked ??= load().catch(() => {
      asked = null
    })
    return asked
  }
  useLive().on(['incident', 'reset'], throttled(() => {
    if (session.can(P.viewIncidents)) void load().catch(() => {})
  }, 500))

  return { items, total, ready, load }
})
