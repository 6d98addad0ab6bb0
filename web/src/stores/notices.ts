import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import { serverNow } from '@/lib/clock'

export interface Notice {
  id: number
  at: string
  /** i18n key below `notices` */
  kind: string
  values: Record<string, unknown>
  link: string | null
}

const KEPT = 50

/** What may wait: everything that is neither a ringing call nor an emergency. */
export const useNotices = defineStore('notices', () => {
  const items = ref<Notice[]>([])
  const seen = ref(0)
  let last = 0

  const unread = computed(() => items.value.filter((n) => n.id > seen.value).length)

  function add(kind: string, values: Record<string, unknown> = {}, link: string | null = null): void {
    last += 1
    items.value = [{ id: last, at: new Date(serverNow()).toISOString(), kind, values, link }, ...items.value].slice(0, KEPT)
  }
  function readAll(): void {
    seen.value = last
  }
  function clear(): void {
    items.value = []
  }

  return { items, unread, seen, add, readAll, clear }
})
