// Finding an approved script and taking it whole.
import { ref, shallowRef } from 'vue'
import { scriptText, sayable, type ScriptHit, searchScripts, suggestScripts } from '@/api/scripts'
import { t } from '@/i18n'
import { day } from '@/lib/format'
import type { Picked } from '@/stores/conversations'

const TYPED_MS = 180

/** The short code under the cursor: what stands after a slash that begins a word. */
export function slash(text: string, caret: number): { from: number; query: string } | null {
  const found = /(?:^|\s)\/([^\s/]{0,30})$/.exec(text.slice(0, caret))
  return found ? { from: caret - found[1]!.length - 1, query: found[1]! } : null
}

/** Goes out under the name of its script only what still says the same. */
export const citationOf = (text: string, script: Picked | null): string | null => (script && script.text.trim() === text.trim() ? script.citation : null)

export const badge = (script: { n: number; effective_at: string | null }): string =>
  script.effective_at ? t('chats.script_badge', { n: script.n, day: day(script.effective_at) }) : t('chats.script_badge_n', { n: script.n })

/** The whole text of what was found; a hit that is gone meanwhile gives nothing. */
export async function pick(hit: ScriptHit): Promise<Picked | null> {
  const whole = await scriptText(hit.id, hit.n)
  return whole && { citation: hit.citation, number: hit.number, n: hit.n, text: sayable(whole), effective_at: whole.approval?.effective_at ?? null }
}

export function useScripts() {
  const hits = shallowRef<ScriptHit[]>([])
  const looking = ref(false)
  const asked = ref(false)
  let turn = 0
  let timer: ReturnType<typeof setTimeout> | undefined

  /** By words; without any, what fits what was said last. */
  function look(query: string, said: string, wait = TYPED_MS): void {
    clearTimeout(timer)
    const mine = ++turn
    looking.value = true
    timer = setTimeout(() => {
      const text = said.trim()
      const ask = query.trim() ? searchScripts(query.trim()) : text ? suggestScripts(text) : Promise.resolve([])
      ask.catch(() => []).then((found) => {
        if (mine !== turn) return
        hits.value = found.filter((hit) => hit.in_force)
        looking.value = false
        asked.value = true
      })
    }, wait)
  }
  return { hits, looking, asked, look }
}
