import { randomId } from '@/lib/random'
import { observeServerTime } from '@/lib/clock'
import { Problem } from './problem'

type Query = Record<string, string | number | boolean | null | undefined>

export interface Options {
  query?: Query
  body?: unknown
  signal?: AbortSignal
  /** A key of the caller's own makes its retries count once. */
  idempotencyKey?: string
}

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

/** The address of a resource under /api/v1, with the empty filters left out. */
export function address(path: string, query: Query = {}): string {
  const search = new URLSearchParams()
  for (const [key, value] of Object.entries(query)) {
    if (value !== undefined && value !== null && value !== '') search.set(key, String(value))
  }
  const text = search.toString()
  return `/api/v1${path}${text ? `?${text}` : ''}`
}

/** One request; resolves with the body (undefined for 204), rejects with a `Problem`. */
export async function request<T>(method: string, path: string, options: Options = {}): Promise<T> {
  const headers: Record<string, string> = { accept: 'application/json' }
  if (options.body !== undefined) headers['content-type'] = 'application/json'
  if (method === 'POST') headers['idempotency-key'] = options.idempotencyKey ?? randomId()

  if (Date.now() - touchedAt > UNTOUCHED_MS) headers['x-shoujie-background'] = '1'

  let response: Response
  try {
    response = await fetch(address(path, options.query), {
      method,
      headers,
      credentials: 'same-origin',
      ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
      ...(options.signal ? { signal: options.signal } : {}),
    })
  } catch (error) {
    if (options.signal?.aborted) throw error
    throw Problem.unreachable()
  }
  observeServerTime(response.headers.get('date'))

  const isJson = /json/.test(response.headers.get('content-type') ?? '')
  const body: unknown = isJson ? await response.json().catch(() => undefined) : undefined
  if (response.ok) return body as T

  const problem = new Problem(response.status, (body as Record<string, unknown>) ?? {
    code: response.status >= 500 ? 'internal' : 'unexpected',
    title: `HTTP ${response.status}`,
  })
  if (response.status === 401 && path !== '/session') onSignedOut(String(problem.extra.reason ?? problem.code))
  throw problem
}

export const get = <T>(path: string, query?: Query, signal?: AbortSignal) =>
  request<T>('GET', path, { ...(query ? { query } : {}), ...(signal ? { signal } : {}) })
export const post = <T>(path: string, body?: unknown, query?: Query) =>
  request<T>('POST', path, { body, ...(query ? { query } : {}) })
export const put = <T>(path: string, body?: unknown, query?: Query) =>
  request<T>('PUT', path, { body, ...(query ? { query } : {}) })
export const patch = <T>(path: string, body?: unknown) => request<T>('PATCH', path, { body })
export const del = <T>(path: string, body?: unknown) => request<T>('DELETE', path, { body })
