// Doing something at the server: what shows that it runs, and where a refusal is said.
import { computed, ref } from 'vue'
import { asProblem } from '@/api/problem'
import { done, sentence, tell } from './tell'

/** Does it and says so; a refusal is told. True when it went through. */
export async function attempt(work: () => Promise<unknown>, said?: string): Promise<boolean> {
  try {
    await work()
    if (said) done(said)
    return true
  } catch (error) {
    tell(error)
    return false
  }
}

/** An attempt that shows that it runs; where there are several to choose from, `at` is the key of the one that does. */
export function useDoing() {
  const at = ref('')
  const busy = computed(() => at.value !== '')
  async function run(work: () => Promise<unknown>, said?: string, key = 'this'): Promise<boolean> {
    at.value = key
    const went = await attempt(work, said)
    at.value = ''
    return went
  }
  return { at, busy, run }
}

/** A form: what stands in its way is said in it, with the field it is about, until the next try. */
export function useSending() {
  const busy = ref(false)
  const refusal = ref('')
  const marked = ref<string | null>(null)
  function refuse(why: string, field: string | null = null): void {
    refusal.value = why
    marked.value = field
  }
  const forgive = (): void => refuse('')
  /** The refusal as far as it is about this field. */
  const fault = (field: string): string => (marked.value === field ? refusal.value : '')
  /** A refusal that `caught` answers with true is dealt with there. */
  async function send(work: () => Promise<unknown>, caught?: (error: unknown) => boolean | Promise<boolean>): Promise<void> {
    if (busy.value) return
    busy.value = true
    forgive()
    try {
      await work()
    } catch (error) {
      if (!(await caught?.(error))) refuse(sentence(error), asProblem(error).field)
    } finally {
      busy.value = false
    }
  }
  return { busy, refusal, marked, refuse, forgive, fault, send }
}
