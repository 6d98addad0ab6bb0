// The rows of a tab: read page after page, the first one again when something happened.
import { computed, ref, shallowRef, watch } from 'vue'
import { conversations, type Conversation } from '@/api/channels'
import type { Filters } from '@/api/client'
import { asProblem, type Problem } from '@/api/problem'
import { useSlow } from '@/lib/list'
import { useConversations } from '@/stores/conversations'
import { throttled } from '@/stores/live'

const PER_PAGE = 30
const PAUSE_MS = 1_500

/** `query` gives what is asked for; null while the tab asks for nothing. */
export function useConversationRows(query: () => Filters | null) {
  const chats = useConversations()
  const found = shallowRef<Conversation[]>([])
  const next = ref<string | null>(null)
  const total = ref(0)
  const loading = ref(false)
  const problem = shallowRef<Problem | null>(null)
  let pages = 0
  let turn = 0

  async function read(cursor: string | null): Promise<void> {
    const asked = query()
    const mine = ++turn
    if (!asked) {
      found.value = []
      next.value = null
      loading.value = false
      return
    }
    loading.value = true
    try {
      const page = await conversations({ ...asked, per_page: PER_PAGE, ...(cursor ? { cursor } : {}) })
      if (mine !== turn) return
      page.items.forEach(chats.put)
      const before = cursor ? found.value : []
      const there = new Set(before.map((one) => one.id))
      found.value = [...before, ...page.items.filter((one) => !there.has(one.id))]
      next.value = page.next
      total.value = page.total
      pages = cursor ? pages + 1 : 1
      problem.value = null
    } catch (error) {
      if (mine === turn) problem.value = asProblem(error)
    } finally {
      if (mine === turn) loading.value = false
    }
  }
  const reload = (): Promise<void> => read(null)
  const more = (): void => {
    if (next.value && !loading.value) void read(next.value)
  }

  let typing: ReturnType<typeof setTimeout> | undefined
  watch(() => JSON.stringify(query()), (now, before) => {
    clearTimeout(typing)
    if (before === undefined) return void reload()
    found.value = []
    loading.value = now !== 'null'
    typing = setTimeout(() => void reload(), 200)
  }, { immediate: true })
  // Who reads further back is not moved under the eye; the rows themselves stay fresh.
  watch(() => chats.news, throttled(() => pages <= 1 && void reload(), PAUSE_MS))

  return { rows: computed(() => found.value.map((one) => chats.known.get(one.id) ?? one)), more: more, hasMore: computed(() => next.value !== null), total, loading, slow: useSlow(loading), problem, reload }
}
