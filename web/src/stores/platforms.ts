import { defineStore } from 'pinia'
import { shallowRef } from 'vue'
import { P } from '@/api/permissions'
import type { Platform } from '@/api/types'
import { platforms } from '@/api/work-orders'
import { useSession } from './session'

/** The platforms that send work orders, by code; read once by whoever may. */
export const usePlatforms = defineStore('platforms', () => {
  const items = shallowRef<Platform[]>([])
  let asked: Promise<void> | null = null

  function ready(): Promise<void> {
    if (!useSession().can(P.viewPlatforms)) return Promise.resolve()
    asked ??= platforms()
      .then((found) => void (items.value = found.items))
      .catch(() => {
        asked = null
      })
    return asked
  }
  const nameOf = (code: string): string => items.value.find((one) => one.code === code)?.name ?? code

  return { items, ready, nameOf }
})
