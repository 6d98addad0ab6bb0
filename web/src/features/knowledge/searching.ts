// Looking for an answer while somebody waits for it: the list follows the typing, and before anything is typed what was said.
import { computed, onScopeDispose, ref, shallowRef, watch } from 'vue'
import { type Hit, reportGap, searchArticles, suggestArticles, type GapSource } from '@/api/knowledge'
import { asProblem, type Problem } from '@/api/problem'
import { attempt } from '@/lib/doing'
import { useCitations } from '@/stores/knowledge'

const WAIT_MS = 150
/** Somebody who writes says it in several messages: what fits is looked for when he pauses. */
const SAID_MS = 500
/** The server takes no longer question. */
export const LONGEST = 200
/** Nor a longer text to suggest for. */
const LONGEST_SAID = 2_000
const SUGGESTED = 5

interface Options {
  limit?: number
  source?: () => { kind: GapSource; id: string | null }
  /** What was said or written: what fits it stands there before anything is typed. */
  said?: () => string
  /** Only what is of this matter is suggested. */
  about?: () => string | null
}

export function useKnowledgeSearch(options: Options = {}) {
  const query = ref('')
  const matter = ref('')
  const hits = shallowRef<Hit[]>([])
  const suggested = shallowRef<Hit[]>([])
  const at = ref(0)
  const busy = ref(false)
  const problem = shallowRef<Problem | null>(null)
  /** The question that the list answers. */
  const answered = ref('')
  /** The words that the suggestions fit. */
  const fitted = ref('')
  /** How often this gap was asked; 0 until it is reported. */
  const reported = ref(0)
  const none = computed(() => answered.value !== '' && answered.value === query.value.trim() && hits.value.length === 0 && !problem.value)
  /** What is chosen from: what was found, and without a question what fits. */
  const listed = computed(() => (query.value.trim() ? hits.value : suggested.value))
  let typing: ReturnType<typeof setTimeout> | undefined
  let saying: ReturnType<typeof setTimeout> | undefined
  let turn = 0
  let fitting = 0

  async function look(): Promise<void> {
    const asked = query.value.trim()
    const mine = ++turn
    if (!asked) {
      hits.value = []
      at.value = 0
      answered.value = ''
      busy.value = false
      problem.value = null
      return
    }
    busy.value = true
    try {
      const { items } = await searchArticles({ q: asked, matter: matter.value || undefined, limit: options.limit ?? 10 })
      if (mine !== turn) return
      useCitations().learn(items)
      hits.value = items
      at.value = 0
      answered.value = asked
      problem.value = null
    } catch (error) {
      if (mine === turn) problem.value = asProblem(error)
    } finally {
      if (mine === turn) busy.value = false
    }
  }
  watch([query, matter], () => {
    clearTimeout(typing)
    reported.value = 0
    typing = setTimeout(() => void look(), WAIT_MS)
  })

  /** A suggestion that fails is none: the search is still there. */
  async function suggest(): Promise<void> {
    const text = [...(options.said?.() ?? '').trim()].slice(0, LONGEST_SAID).join('')
    const mine = ++fitting
    const items = text ? await suggestArticles(text, options.about?.() ?? null, SUGGESTED).then((found) => found.items, () => []) : []
    if (mine !== fitting) return
    useCitations().learn(items)
    suggested.value = items
    fitted.value = text
    if (!query.value.trim()) at.value = 0
  }
  function suggestSoon(): void {
    clearTimeout(saying)
    saying = setTimeout(() => void suggest(), suggested.value.length ? SAID_MS : 0)
  }
  onScopeDispose(() => {
    clearTimeout(typing)
    clearTimeout(saying)
  })

  function move(step: 1 | -1): void {
    const n = listed.value.length
    if (n) at.value = (at.value + step + n) % n
  }
  async function gap(): Promise<void> {
    const { kind, id } = options.source?.() ?? { kind: 'search' as const, id: null }
    await attempt(async () => (reported.value = (await reportGap(query.value.trim().slice(0, LONGEST), kind, id)).asked))
  }

  return { query, matter, hits, suggested, listed, at, busy, problem, answered, fitted, none, reported, look, suggest, suggestSoon, move, gap }
}
