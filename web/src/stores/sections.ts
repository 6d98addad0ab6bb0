import { defineStore } from 'pinia'
import { ref } from 'vue'
import { P } from '@/api/permissions'
import { sections } from '@/api/tickets'
import { useSession } from './session'

/** The purchaser's sections by code, read once by whoever may; others see the code. */
export const useSections = defineStore('sections', () => {
  const items = ref<{ code: string; name: string }[]>([])
  let asked: Promise<void> | null = null

  function ready(): Promise<void> {
    if (!useSession().can(P.viewSections)) return Promise.resolve()
    asked ??= sections()
      .then((found) => void (items.value = found.items))
      .catch(() => {
        asked = null
      })
    return asked
  }
  function nameOf(code: string | null | undefined): string {
    if (!code) return '—'
    // No code flashes up before the names are there.
    return items.value.find((section) => section.code === code)?.name ?? (items.value.length || !asked ? code : '…')
  }

  return { items, ready, nameOf }
})
