import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import { type Staff, staffFile, staffFiles, type StaffDetail } from '@/api/personnel'
import { P } from '@/api/permissions'
import { asProblem, type Problem } from '@/api/problem'
import { useLive } from './live'
import { useSession } from './session'

/** My own staff file, and what the floor said when I wanted to take work and may not. */
export const useQualification = defineStore('qualification', () => {
  const session = useSession()
  const mine = shallowRef<StaffDetail | null>(null)
  const problem = shallowRef<Problem | null>(null)
  const asked = ref(false)
  let reading: Promise<void> | null = null
  /** The refusal of the last wish to be ready; none once it was granted. */
  const barred = shallowRef<Problem | null>(null)
  const CODES = ['not_on_post', 'qualification_lapsed', 'staff_file_missing']
  function note(error: unknown): void {
    const refusal = asProblem(error)
    if (!CODES.includes(refusal.code)) return
    barred.value = refusal
    void read()
  }
  const granted = (): void => void (barred.value = null)

  const mineOf = (rows: Staff[]): Staff | undefined => rows.find((row) => row.user?.id === session.user?.id)
  function read(): Promise<void> {
    if (!session.can(P.viewStaff)) return Promise.resolve()
    reading ??= fetch().finally(() => (reading = null))
    return reading
  }
  async function fetch(): Promise<void> {
    try {
      // Who sees all files finds his own by his name.
      const wide = session.reach(P.viewStaff) !== 'own'
      const row = mineOf((await staffFiles({ per_page: 50, ...(wide ? { q: session.user?.name ?? '' } : {}) })).items)
      mine.value = row ? await staffFile(row.id) : null
      problem.value = null
    } catch (error) {
      problem.value = asProblem(error)
    }
    asked.value = true
  }
  let listening = false
  function ready(): Promise<void> {
    if (!listening) {
      listening = true
      // The floor sends off the line who lost what he had to be on post.
      useLive().on(['reset'], () => void read())
      useLive().on(['agent_state'], (event) => {
        const view = event.data as { id?: string; reason?: string | null } | null
        if (view?.id === session.user?.id && CODES.includes(view?.reason ?? '')) void read()
      })
    }
    return asked.value ? Promise.resolve() : read()
  }
  /** He may not take work as things stand. */
  const stopped = computed(() => mine.value !== null && (mine.value.state !== 'on_post' || mine.value.missing.length > 0))
  return { mine, problem, asked, barred, stopped, ready, read, note, granted }
})
