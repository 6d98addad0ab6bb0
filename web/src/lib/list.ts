import { computed, reactive, ref, shallowRef, watch, type Ref, type ShallowRef } from 'vue'
import { useRoute, useRouter } from 'vue-router'
import { asProblem, type Problem } from '@/api/problem'
import type { Page } from '@/api/types'

export type Filters = Record<string, string>

/** True only when something has been under way for 200 ms; a quick answer shows no skeleton. */
export function useSlow(loading: Readonly<Ref<boolean>>): Ref<boolean> {
  const slow = ref(false)
  let timer: ReturnType<typeof setTimeout> | undefined
  watch(loading, (now) => {
    clearTimeout(timer)
    if (now) timer = setTimeout(() => (slow.value = true), 200)
    else slow.value = false
  }, { immediate: true })
  return slow
}

export interface List<T> {
  items: ShallowRef<T[]>
  total: Ref<number>
  capped: Ref<boolean>
  page: Readonly<Ref<number>>
  hasNext: Readonly<Ref<boolean>>
  filters: Filters
  filtered: Readonly<Ref<boolean>>
  loading: Ref<boolean>
  slow: Ref<boolean>
  loaded: Ref<boolean>
  problem: ShallowRef<Problem | null>
  reload(): Promise<void>
  next(): void
  previous(): void
  clear(): void
}

/**
 * A list behind keyset cursors. Filters live in the address, so that a link shows the same list;
 * cursors of the pages before are kept as a stack.
 */
export function useList<T>(
  names: string[],
  fetch: (query: Record<string, string | number | undefined>) => Promise<Page<T>>,
  options: { perPage?: number; defaults?: Filters } = {},
): List<T> {
  const route = useRoute()
  const router = useRouter()
  const home = route.path
  const items = shallowRef<T[]>([])
  const total = ref(0)
  const capped = ref(false)
  const loading = ref(false)
  const loaded = ref(false)
  const problem = shallowRef<Problem | null>(null)
  const cursors = ref<string[]>([])
  const following = ref<string | null>(null)
  const filters = reactive<Filters>({})
  let turn = 0

  const asked = (name: string): string => {
    const value = route.query[name]
    return typeof value === 'string' ? value : (options.defaults?.[name] ?? '')
  }
  for (const name of names) filters[name] = asked(name)

  async function reload(): Promise<void> {
    const mine = ++turn
    loading.value = true
    try {
      const page = await fetch({ ...filters, cursor: cursors.value.at(-1), per_page: options.perPage ?? 30 })
      if (mine !== turn) return
      items.value = page.items
      total.value = page.total
      capped.value = page.total_capped
      following.value = page.next
      problem.value = null
      loaded.value = true
    } catch (error) {
      if (mine === turn) problem.value = asProblem(error)
    } finally {
      if (mine === turn) loading.value = false
    }
  }

  let typing: ReturnType<typeof setTimeout> | undefined
  watch(filters, () => {
    clearTimeout(typing)
    typing = setTimeout(() => {
      if (route.path !== home) return
      cursors.value = []
      const query = { ...route.query }
      for (const name of names) {
        if (filters[name] && filters[name] !== options.defaults?.[name]) query[name] = filters[name]
        else if (options.defaults?.[name] && !filters[name]) query[name] = ''
        else delete query[name]
      }
      void router.replace({ query })
      void reload()
    }, 250)
  })

  function next(): void {
    if (!following.value) return
    cursors.value.push(following.value)
    void reload()
  }
  function previous(): void {
    cursors.value.pop()
    void reload()
  }
  function clear(): void {
    for (const name of names) filters[name] = options.defaults?.[name] ?? ''
  }

  void reload()
  return {
    items, total, capped, filters, loading, loaded, problem, reload, next, previous, clear,
    slow: useSlow(loading),
    page: computed(() => cursors.value.length + 1),
    hasNext: computed(() => following.value !== null),
    filtered: computed(() => names.some((name) => filters[name] !== (options.defaults?.[name] ?? ''))),
  }
}
