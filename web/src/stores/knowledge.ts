import { defineStore } from 'pinia'
import { computed, reactive, ref, watch } from 'vue'
import { article, assistState, type Hit, myReading, type Reading } from '@/api/knowledge'
import { P } from '@/api/permissions'
import { citationOf } from '@/features/knowledge/marks'
import { throttled, useLive } from './live'
import { useSession } from './session'

export interface Cited { number: string; title: string; n: number; id: string }

/** What citations stand for: learnt from searches, asked for where one comes from elsewhere. */
export const useCitations = defineStore('citations', () => {
  const known = reactive(new Map<string, Cited>())
  const asked = new Set<string>()

  function learn(hits: readonly Hit[]): void {
    for (const hit of hits) known.set(hit.citation, { number: hit.number, title: hit.title, n: hit.n, id: hit.id })
  }
  function need(citations: readonly string[]): void {
    for (const text of citations) {
      const citation = citationOf(text)
      if (!citation || known.has(text) || asked.has(text)) continue
      asked.add(text)
      article(citation.article)
        .then((found) => known.set(text, { number: found.number, title: found.title, n: citation.n, id: found.id }))
        .catch(() => asked.delete(text))
    }
  }

  return { known, learn, need }
})

/** What somebody still has to read and to pass, before anything else. */
export const useReading = defineStore('reading', () => {
  const items = ref<Reading[]>([])
  const loaded = ref(false)
  let asked: Promise<void> | null = null

  async function load(): Promise<void> {
    items.value = (await myReading()).items
    loaded.value = true
  }
  function ready(): Promise<void> {
    if (!useSession().can(P.viewArticles)) return Promise.resolve()
    asked ??= load().catch(() => void (asked = null))
    return asked
  }
  function learn(one: Reading): void {
    items.value = items.value.map((item) => (item.id === one.id ? one : item))
  }
  useLive().on(['article', 'reading', 'reset'], throttled(() => void (asked && load().catch(() => {})), 1_500))

  /** Unpassed, by when it presses. */
  const owed = computed(() => items.value.filter((one) => one.state === 'to_read' || one.state === 'to_answer').sort((a, b) => dueOfReading(a).localeCompare(dueOfReading(b))))
  return { items, loaded, owed, ready, load, learn }
})

/** The step that is next, and when it is due. */
export const dueOfReading = (one: Reading): string => (one.state === 'to_read' ? one.read_due_at : one.quiz_due_at) ?? '~'

/** Whether a model may be asked here: one is connected, and I may. Off unless the server says otherwise. */
export const useAssist = defineStore('assist', () => {
  const session = useSession()
  const enabled = ref(false)
  let asked = false
  watch(() => session.can(P.useAssist), (may) => {
    if (!may || asked) return
    asked = true
    assistState().then((state) => (enabled.value = state.enabled), () => (asked = false))
  }, { immediate: true })
  return { on: computed(() => enabled.value && session.can(P.useAssist)) }
})
