// The visitor's requests. The token goes in a header, never in an address that a log would keep.
import { Problem } from '../../src/api/problem'
import { randomId } from '../../src/lib/random'
import type { Config, Conversation, Message, Receipt, Said } from './types'

const BASE = '/api/v1/chat'

export { Problem }

/** Seconds the server asks to wait. */
export const waitOf = (problem: unknown): number => (problem instanceof Problem ? Number(problem.extra.wait_s ?? 0) : 0)

function problemOf(status: number, text: string, retryAfter: string | null): Problem {
  let body: Record<string, unknown> = {}
  try {
    const read: unknown = JSON.parse(text)
    if (typeof read === 'object' && read !== null) body = read as Record<string, unknown>
  } catch {
    // Not a problem document: a proxy's page, perhaps.
  }
  const asked = Number(body.retry_after_s ?? retryAfter)
  return new Problem(status, { ...body, wait_s: Number.isFinite(asked) && asked > 0 ? Math.min(asked, 3_600) : status === 429 ? 30 : 0 })
}

/** A request that hangs is given up, and sent again. */
const PATIENCE_MS = 20_000

export class Api {
  token: string | null = null

  constructor(private readonly channel: string) {}

  private headers(more: Record<string, string> = {}): Record<string, string> {
    return { accept: 'application/json', ...(this.token ? { authorization: `Bearer ${this.token}` } : {}), ...more }
  }

  private async ask<T>(method: 'GET' | 'POST', path: string, body?: unknown): Promise<T> {
    const abort = new AbortController()
    const patience = setTimeout(() => abort.abort(), PATIENCE_MS)
    try {
      const response = await fetch(BASE + path, {
        method,
        headers: this.headers(body === undefined ? {} : { 'content-type': 'application/json' }),
        body: body === undefined ? undefined : JSON.stringify(body),
        credentials: 'omit',
        cache: 'no-store',
        signal: abort.signal,
      })
      const text = await response.text()
      if (!response.ok) throw problemOf(response.status, text, response.headers.get('retry-after'))
      return (text ? JSON.parse(text) : null) as T
    } catch (error) {
      throw error instanceof Problem ? error : Problem.unreachable()
    } finally {
      clearTimeout(patience)
    }
  }

  config = (): Promise<Config> => this.ask('GET', `/config?channel=${encodeURIComponent(this.channel)}`)
  begin = (form: { consent: string; name?: string; phone?: string; matter?: string; text?: string }): Promise<{ token: string; conversation: Conversation }> =>
    this.ask('POST', '/sessions', { channel: this.channel, ...form })
  leave = (form: { consent: string; name?: string; phone: string; matter?: string; text: string }, clientId: string): Promise<Receipt> =>
    this.ask('POST', '/left-messages', { channel: this.channel, ...form, client_id: clientId })
  current = (): Promise<Conversation> => this.ask('GET', '')
  messages = (after: string): Promise<{ items: Message[]; more: boolean }> => this.ask('GET', `/messages?after=${after}`)
  send = (clientId: string, text: string): Promise<Message> => this.ask('POST', '/messages', { client_id: clientId, text })
  typing = (): Promise<null> => this.ask('POST', '/typing', {})
  read = (seq: number): Promise<null> => this.ask('POST', '/read', { seq })
  end = (): Promise<unknown> => this.ask('POST', '/end', {})
  rate = (said: Said, words: string): Promise<unknown> => this.ask('POST', '/rating', { said, ...(words ? { words } : {}) })

  /** The stream of events behind a place. */
  async events(after: string, signal: AbortSignal): Promise<ReadableStream<Uint8Array>> {
    let response: Response
    try {
      response = await fetch(`${BASE}/events?after=${after}`, { headers: this.headers({ accept: 'text/event-stream' }), credentials: 'omit', cache: 'no-store', signal })
    } catch {
      throw Problem.unreachable()
    }
    if (!response.ok) throw problemOf(response.status, await response.text().catch(() => ''), response.headers.get('retry-after'))
    if (!response.body) throw Problem.unreachable()
    return response.body
  }

  /** Of all requests only this one can say how far it is. */
  upload(clientId: string, file: File, progress: (part: number) => void, signal: AbortSignal): Promise<Message> {
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest()
      request.open('POST', `${BASE}/files?client_id=${encodeURIComponent(clientId)}`)
      for (const [name, value] of Object.entries(this.headers())) request.setRequestHeader(name, value)
      request.upload.onprogress = (event) => {
        if (event.lengthComputable) progress(event.loaded / event.total)
      }
      request.onload = () => {
        if (request.status < 200 || request.status > 299) return reject(problemOf(request.status, request.responseText, request.getResponseHeader('retry-after')))
        try {
          resolve(JSON.parse(request.responseText) as Message)
        } catch {
          reject(Problem.unreachable())
        }
      }
      request.onerror = () => reject(Problem.unreachable())
      request.onabort = () => reject(new Problem(0, { code: 'cancelled' }))
      signal.addEventListener('abort', () => request.abort())
      const body = new FormData()
      body.append('file', file, file.name)
      request.send(body)
    })
  }

  async file(id: string, mediaType: string): Promise<Blob> {
    const response = await fetch(`${BASE}/files/${encodeURIComponent(id)}`, { headers: this.headers({ accept: '*/*' }), credentials: 'omit' })
    if (!response.ok) throw problemOf(response.status, '', null)
    // The type is ours to say: what is kept as a picture is not opened as a page.
    return new Blob([await response.arrayBuffer()], { type: mediaType })
  }
}

export { randomId }
