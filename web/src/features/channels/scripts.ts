// An approved answer on its way into a message.
import { article, articleVersion, type Version } from '@/api/knowledge'
import { citationOf as partsOf } from '@/features/knowledge/marks'
import { t } from '@/i18n'
import { day } from '@/lib/format'
import type { Picked } from '@/stores/conversations'
import { useCitations } from '@/stores/knowledge'

/** The short code under the cursor: what stands after a slash that begins a word. */
export function slash(text: string, caret: number): { from: number; query: string } | null {
  const found = /(?:^|\s)\/([^\s/]{0,30})$/.exec(text.slice(0, caret))
  return found ? { from: caret - found[1]!.length - 1, query: found[1]! } : null
}

/** Goes out under the name of its script only what still says the same. */
export const citationOf = (text: string, script: Picked | null): string | null => (script && script.text.trim() === text.trim() ? script.citation : null)

export const badge = (script: { n: number; effective_at: string | null }): string =>
  script.effective_at ? t('chats.script_badge', { n: script.n, day: day(script.effective_at) }) : t('chats.script_badge_n', { n: script.n })

/** What may be sent to a requester: of an answer that has words for the public, those. */
export const sayable = (text: Pick<Version, 'public_answer' | 'answer'>): string => text.public_answer || text.answer

/** The whole text of what is cited. */
export async function pick(citation: string): Promise<Picked | null> {
  const parts = partsOf(citation)
  if (!parts) return null
  const number = useCitations().known.get(citation)?.number
  const [whole, found] = await Promise.all([articleVersion(parts.article, parts.n), number ? { number } : article(parts.article)])
  return { citation, number: found.number, n: parts.n, text: sayable(whole), effective_at: whole.approval.effective_at }
}
