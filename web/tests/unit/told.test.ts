import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { AgentState } from '@/api/types'
import { tellable } from '@/lib/told'

vi.stubGlobal('localStorage', { getItem: () => null, setItem: () => {} })
vi.stubGlobal('addEventListener', () => {})
vi.mock('@/api/floor')

const { agentState } = await import('@/api/floor')
const { useFloor } = await import('@/stores/floor')
const { useLive } = await import('@/stores/live')
const { useSession } = await import('@/stores/session')

beforeEach(() => setActivePinia(createPinia()))

describe('what is told while an answer is under way', () => {
  it('lies on top of the answer, in its order', async () => {
    const live = tellable<string[]>()
    let answer = (_: string[]): void => {}
    const asked = live.ask(() => new Promise<string[]>((resolve) => (answer = resolve)))
    live.tell((state) => [...state, 'talking'])
    live.tell((state) => [...state, 'held'])
    answer(['ringing'])
    expect(await asked).toEqual(['ringing', 'talking', 'held'])
    expect(await live.ask(async () => ['wrap_up'])).toEqual(['wrap_up'])
  })
  it('is kept when the answer is a refusal', async () => {
    const live = tellable<number>()
    await expect(live.ask(() => Promise.reject(new Error('lost')))).rejects.toThrow('lost')
    expect(await live.ask(async () => 1)).toBe(1)
  })
  it('an agent who talks is not shown as ringing by a slower answer', async () => {
    let answer = (_: AgentState): void => {}
    vi.mocked(agentState).mockImplementation(() => new Promise((resolve) => (answer = resolve)))
    const signedIn = { user: { id: 'u1', permissions: {} } }
    vi.stubGlobal('fetch', async (request: Request) =>
      Response.json(request.url.endsWith('/session') ? signedIn : {}))
    await useSession().ready()
    let told = (_: unknown): void => {}
    vi.spyOn(useLive(), 'on').mockImplementation((kinds, listener) => {
      if (kinds.includes('agent_state')) told = (data) => listener({ kind: 'agent_state', data } as never)
      return () => {}
    })
    const floor = useFloor()
    floor.start()
    told({ id: 'u1', state: 'talking' })
    answer({ id: 'u1', state: 'ringing' } as AgentState)
    await floor.refresh()
    expect(floor.mine?.state).toBe('talking')
  })
})
