import { defineStore } from 'pinia'
import { ref } from 'vue'
import { queues as fetchQueues } from '@/api/floor'
import { P } from '@/api/permissions'
import type { Queue } from '@/api/types'
import { useSession } from './session'

/** The queues by code, read once by whoever may; others see the code. */
export const useQueues = defineStore('queues', () => {
  const items = ref<Queue[]>([])
  let asked: Promise<void> | null = null

  function ready(): Promise<void> {
    if (!useSession().can(P.viewQueues)) return Promise.resolve()
    asked ??= reload().catch(() => {
      asked = null
    })
    return asked
  }
  async function reload(): Promise<void> {
    items.value = (await fetchQueues()).items
  }
  function nameOf(code: string | null | undefined): string {
    if (!code) return '—'
    return items.value.find((queue) => queue.code === code)?.name ?? (items.value.length || !asked ? code : '…')
  }

  return { items, ready, reload, nameOf }
})
