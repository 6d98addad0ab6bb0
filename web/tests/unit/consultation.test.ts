import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, describe, expect, it, vi } from 'vitest'

vi.stubGlobal('localStorage', { getItem: () => null, setItem: () => {} })
vi.stubGlobal('addEventListener', () => {})
vi.stubGlobal('Audio', class {})

const { useConsultation } = await import('@/stores/consultation')
const { useFloor } = await import('@/stores/floor')
const { useWork } = await import('@/stores/work')
const { usePhone } = await import('@/softphone/store')

let consultation: unknown = null
beforeEach(() => {
  setActivePinia(createPinia())
  vi.stubGlobal('fetch', vi.fn(async (request: Request) => {
    const known = new URL(request.url).pathname === '/api/v1/consultation'
    return new Response(JSON.stringify(known ? consultation : { code: 'not_found' }), { status: known ? 200 : 404, headers: { 'content-type': 'application/json' } })
  }))
})

describe('who is asked on a desk phone', () => {
  it('writes no record of it until the call is left to him', async () => {
    consultation = { call_id: 'call', asked_by: null, queue: null, answered: true, caller: '139****0001', requester_id: null, requester_name: null }
    const [floor, phone, asked, work] = [useFloor(), usePhone(), useConsultation(), useWork()]
    const at = (work_id: string | null): void => void (floor.mine = { id: 'me', state: 'talking', work_id, device: { kind: 'desk_phone', reachable: true } } as never)
    at('a-work-of-the-floor')
    await vi.waitFor(() => expect(phone.part).toBe('consult'))
    expect([asked.asked?.call_id, phone.workId, work.callId]).toEqual(['call', null, null])
    consultation = null
    at('call')
    await vi.waitFor(() => expect(work.callId).toBe('call'))
    expect([phone.part, asked.asked]).toEqual(['agent', null])
    at(null)
    await vi.waitFor(() => expect(work.callId).toBeNull())
  })
})
