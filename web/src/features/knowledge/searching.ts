// Looking for an answer while somebody waits for it: the list follows the typing.
import { computed, onScopeDispose, ref, shallowRef, watch } from 'vue'
import { type Hit, reportGap, searchArticles, type GapSource } from '@/api/knowledge'
import { asProblem, type Problem } from '@/api/problem'
import { attempt } from '@/lib/doing'
import { useCitations } from '@/stores/knowledge'

const WAIT_MS = 150
/** The server takes no longer question. */
export const LONGEST = 200

export function useKnowledgeSearch(options: { limit?: number; source?: () => { kind: GapSource; id: string | null } } = {}) {
  const query = ref('')
  const matter = ref('')
  const hits = shallowRef<Hit[]>([])
  const at = ref(0)
  const busy = ref(false)
  const problem = shallowRef<Problem | null>(null)
  /** The question that the list answers. */
  const answered = ref('')
  /** How often this gap was asked; 0 until it is reported. */
  const reported = ref(0)
  const none = computed(() => answered.value !== '' && answered.value === query.value.trim() && hits.value.length === 0 && !problem.value)
  let typing: ReturnType<typeof setTimeout> | undefined
  let turn = 0

  async function look(): Promise<void> {
    const asked = query.value.trim()
    const mine = ++turn
    if (!asked) {
      hits.value = []
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
  onScopeDispose(() => clearTimeout(typing))

  function move(step: 1 | -1): void {
    const n = hits.value.length
    if (n) at.value = (at.value + step + n) % n
  }
  async function gap(): Promise<void> {
    const { kind, id } = options.source?.() ?? { kind: 'search' as const, id: null }
    await attempt(async () => (reported.value = (await reportGap(query.value.trim().slice(0, LONGEST), kind, id)).asked))
  }

  return { query, matter, hits, at, busy, problem, answered, none, reported, look, move, gap }
}
