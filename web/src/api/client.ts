// The typed client over the server's own description of itself (schema.ts, generated).
import createClient from 'openapi-fetch'
import { observeServerTime } from '@/lib/clock'
import { randomId } from '@/lib/random'
import { Problem } from './problem'
import type { paths } from './schema'

/** A request made while nobody touched the page for this long is the page's own; it keeps no session alive. */
const UNTOUCHED_MS = 60_000
let touchedAt = Date.now()
if (typeof addEventListener === 'function') {
  for (const touch of ['pointerdown', 'keydown', 'wheel'] as const) {
    addEventListener(touch, () => (touchedAt = Date.now()), { passive: true, capture: true })
  }
}

let onSignedOut: (code: string) => void = () => {}

/** Called when the server no longer knows the session, whichever request notices it. */
export function whenSignedOut(handler: (code: string) => void): void {
  onSignedOut = handler
}

let onAnswer: () => void = () => {}

/** Called when the server answered: it is there, whatever a line to it thinks. */
export function whenAnswered(handler: () => void): void {
  onAnswer = handler
}

const origin = typeof location === 'undefined' ? 'http://localhost' : location.origin

export const api = createClient<paths>({
  baseUrl: origin,
  credentials: 'same-origin',
  headers: { accept: 'application/json' },
  fetch: (request) => globalThis.fetch(request),
})

api.use({
  onRequest({ request }) {
    // A repeated POST counts once.
    if (request.method === 'POST') request.headers.set('idempotency-key', randomId())
    if (Date.now() - touchedAt > UNTOUCHED_MS) request.headers.set('x-shoujie-background', '1')
    return request
  },
  onResponse({ response }) {
    observeServerTime(response.headers.get('date'))
    if (response.ok) onAnswer()
  },
})

/** What the server sends: an empty field is there as null, never left out. */
export type Sent<T> = T extends (infer U)[] ? Sent<U>[] : T extends object ? { [K in keyof T]-?: Sent<Exclude<T[K], undefined>> } : T

interface Answer<T> {
  data?: T
  error?: unknown
  response: Response
}

const GATEWAY = [502, 503, 504]
/** The body of an answer; every refusal, the network's too, is thrown as a `Problem`. */
export async function take<T>(asked: Promise<Answer<T>>): Promise<Sent<T>> {
  let answer: Answer<T>
  try {
    answer = await asked
  } catch {
    throw Problem.unreachable()
  }
  const { data, error, response } = answer
  if (response.ok) return data as Sent<T>
  const body = typeof error === 'object' && error !== null ? (error as Record<string, unknown>) : undefined
  // Said by a gateway in front: the server itself was not there.
  if (!body && GATEWAY.includes(response.status)) throw Problem.unreachable()
  const problem = new Problem(response.status, body ?? {
    code: response.status >= 500 ? 'internal' : 'unexpected',
    title: `HTTP ${response.status}`,
  })
  if (response.status === 401 && !response.url.endsWith('/api/v1/session')) {
    onSignedOut(String(problem.extra.reason ?? problem.code))
  }
  throw problem
}

/** Words in a long list are found newest first; there the order that was asked for gives way. */
export async function foundInOrder<T>(ask: (filters: Filters) => Promise<T>, filters: Filters): Promise<T> {
  try {
    return await ask(filters)
  } catch (problem) {
    if (!(problem instanceof Problem) || problem.code !== 'search_is_newest_first') throw problem
    return ask({ ...filters, sort: undefined })
  }
}

/** Filters as they stand in a form or in the address. */
export type Filters = Record<string, string | number | boolean | undefined>

/** Filters as the query of whichever list: the empty ones are left out, the server refuses the unknown. */
export function listing(filters: Filters): { params: { query: never } } {
  const filled = Object.entries(filters).filter(([, value]) => value !== undefined && value !== '')
  return { params: { query: Object.fromEntries(filled) as never } }
}
