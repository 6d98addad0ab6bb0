import { ref, shallowRef, type Ref, type ShallowRef } from 'vue'
import { asProblem, type Problem } from '@/api/problem'
import { useSlow } from './list'
import { tellable, type Patch } from './told'

export interface Resource<T> {
  data: ShallowRef<T | null>
  loading: Ref<boolean>
  slow: Ref<boolean>
  problem: ShallowRef<Problem | null>
  load(): Promise<void>
  change(work: () => Promise<T>): Promise<void>
  /** What a live event says of it. */
  tell(patch: Patch<T>): void
}

/** One thing read from the server: what it is, whether it is on its way, what went wrong. */
export function useResource<T>(fetch: () => Promise<T>, immediate = true): Resource<T> {
  const data = shallowRef<T | null>(null)
  const loading = ref(false)
  const problem = shallowRef<Problem | null>(null)
  const live = tellable<T>()
  let turn = 0

  async function load(): Promise<void> {
    const mine = ++turn
    loading.value = true
    try {
      const found = await live.ask(fetch)
      if (mine !== turn) return
      data.value = found
      problem.value = null
    } catch (error) {
      if (mine === turn) problem.value = asProblem(error)
    } finally {
      if (mine === turn) loading.value = false
    }
  }

  /** Takes what the work gives back; where somebody else was faster, what stands now is read before the refusal goes on. */
  async function change(work: () => Promise<T>): Promise<void> {
    try {
      const changed = await live.ask(work)
      // A read that was under way is older.
      turn++
      loading.value = false
      data.value = changed
    } catch (error) {
      if (asProblem(error).code === 'stale_version') await load()
      throw error
    }
  }

  function tell(patch: Patch<T>): void {
    live.tell(patch)
    if (data.value !== null) data.value = patch(data.value)
  }

  if (immediate) void load()
  return { data, loading, slow: useSlow(loading), problem, load, change, tell }
}
