// Approved scripts, as far as the inbox needs them. Who may not see the knowledge base finds nothing, and is not told off.
import { api, type Sent, take } from './client'
import { asProblem } from './problem'
import type { components } from './schema'
import type { Id } from './types'

type S = components['schemas']
/** What a search found: an approved text, as much of it as a list shows. */
export type ScriptHit = Omit<Sent<S['ArticleHit']>, 'kind'> & { kind: 'article' | 'script' }
/** One version of it, whole. */
export type ScriptText = Sent<S['VersionView']>

async function orNone<T>(asked: Promise<T>, none: T): Promise<T> {
  try {
    return await asked
  } catch (error) {
    if ([403, 404].includes(asProblem(error).status)) return none
    throw error
  }
}

const LIMIT = 8
const hits = (asked: Promise<unknown>): Promise<ScriptHit[]> => orNone((asked as Promise<{ items: ScriptHit[] }>).then((found) => found.items), [])
export const searchScripts = (q: string) => hits(take(api.GET('/api/v1/articles/search', { params: { query: { q, limit: LIMIT } } })))
export const suggestScripts = (text: string) => hits(take(api.POST('/api/v1/articles/suggest', { body: { text, limit: LIMIT } })))
export const scriptText = (id: Id, n: number): Promise<ScriptText | null> =>
  orNone<ScriptText | null>(take(api.GET('/api/v1/articles/{id}/versions/{n}', { params: { path: { id, n } } })), null)

/** What may be sent to a requester: of an article that has words for the public, those. */
export const sayable = (text: Pick<ScriptText, 'public_answer' | 'answer'>): string => text.public_answer || text.answer
