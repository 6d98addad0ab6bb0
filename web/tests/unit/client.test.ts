import { describe, expect, it, vi } from 'vitest'
import { api, listing, take, whenSignedOut } from '@/api/client'

function answer(status: number, body: unknown, type = 'application/json'): Request[] {
  const seen: Request[] = []
  vi.stubGlobal('fetch', vi.fn(async (request: Request) => {
    seen.push(request)
    return new Response(status === 204 ? null : typeof body === 'string' ? body : JSON.stringify(body), { status, headers: { 'content-type': type } })
  }))
  return seen
}

describe('the client', () => {
  it('leaves empty filters out', async () => {
    const seen = answer(200, { items: [], next: null, total: 0, total_capped: false })
    await take(api.GET('/api/v1/calls', listing({ q: '', outcome: 'answered', cursor: undefined, mine: true, per_page: 30 })))
    expect(new URL(seen[0]!.url).search).toBe('?outcome=answered&mine=true&per_page=30')
  })
  it('gives every POST a key of its own', async () => {
    const seen = answer(204, null)
    await take(api.POST('/api/v1/calls/{id}/hold', { params: { path: { id: 'a' } } }))
    await take(api.POST('/api/v1/calls/{id}/hold', { params: { path: { id: 'a' } } }))
    const keys = seen.map((request) => request.headers.get('idempotency-key'))
    expect(keys[0]).toMatch(/^[0-9a-f]{32}$/)
    expect(keys[0]).not.toBe(keys[1])
  })
  it('throws what the server refused, with the field', async () => {
    answer(422, { code: 'matter_missing', detail: 'needs matter', field: 'matter', status: 422 }, 'application/problem+json')
    await expect(take(api.GET('/api/v1/floor'))).rejects.toMatchObject({ status: 422, code: 'matter_missing', field: 'matter' })
  })
  it('says when the server cannot be reached', async () => {
    vi.stubGlobal('fetch', vi.fn(() => Promise.reject(new TypeError('offline'))))
    await expect(take(api.GET('/api/v1/floor'))).rejects.toMatchObject({ status: 0, code: 'unreachable' })
  })
  it('survives an answer that is no problem document', async () => {
    answer(500, '<html>broken</html>', 'text/html')
    await expect(take(api.GET('/api/v1/floor'))).rejects.toMatchObject({ status: 500, code: 'internal' })
  })
  it('takes a gateway that finds no server for a lost line', async () => {
    answer(502, '<html>bad gateway</html>', 'text/html')
    await expect(take(api.GET('/api/v1/floor'))).rejects.toMatchObject({ status: 0, code: 'unreachable' })
  })
  it('tells once the session is gone, and why', async () => {
    const told = vi.fn()
    whenSignedOut(told)
    answer(401, { code: 'session_ended', reason: 'idle' }, 'application/problem+json')
    await expect(take(api.GET('/api/v1/floor'))).rejects.toMatchObject({ status: 401 })
    expect(told).toHaveBeenCalledWith('idle')
  })
})
