// Approved scripts, as far as the inbox needs them. Where there is no knowledge base yet nothing is found, and nobody is told off.
import { api, take } from './client'
import { asProblem } from './problem'
import type { Id, Timestamp } from './types'

interface Roads {
  GET(path: string, init?: object): Promise<{ data?: unknown; error?: unknown; response: Response }>
  POST: Roads['GET']
}
const roads = api as unknown as Roads

/** What a search found: an approved text, as much of it as a list shows. */
export interface ScriptHit {
  id: Id
  number: string
  n: number
  /** "<id>@<version>" */
  citation: string
  kind: 'article' | 'script'
  title: string
  question: string
  answer_excerpt: string
  in_force: boolean
  valid_to: Timestamp | null
  due_for_review: boolean
}
/** One version of it, whole. */
export interface ScriptText {
  n: number
  title: string
  answer: string
  public_answer: string | null
  citation: string
  approval: { effective_at: Timestamp | null }
}

/** Without the right, or before there is a knowledge base, there is nothing to find. */
async function orNone<T>(asked: ReturnType<Roads['GET']>, none: T): Promise<T> {
  try {
    return (await take(asked)) as T
  } catch (error) {
    if ([403, 404, 405, 501].includes(asProblem(error).status)) return none
    throw error
  }
}

const LIMIT = 8
export async function searchScripts(q: string): Promise<ScriptHit[]> {
  return (await orNone(roads.GET('/api/v1/articles/search', { params: { query: { q, limit: LIMIT } } }), { items: [] as ScriptHit[] })).items
}
export async function suggestScripts(text: string): Promise<ScriptHit[]> {
  return (await orNone(roads.POST('/api/v1/articles/suggest', { body: { text, limit: LIMIT } }), { items: [] as ScriptHit[] })).items
}
export const scriptText = (id: Id, n: number) =>
  orNone<ScriptText | null>(roads.GET('/api/v1/articles/{id}/versions/{n}', { params: { path: { id, n } } }), null)

/** What may be sent to a requester: of an article that has words for the public, those. */
export const sayable = (text: ScriptText): string => text.public_answer || text.answer
