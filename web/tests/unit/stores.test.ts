import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, describe, expect, it, vi } from 'vitest'

vi.stubGlobal('localStorage', { getItem: () => null, setItem: () => {} })

const { Problem } = await import('@/api/problem')
const { useSession } = await import('@/stores/session')
const { useNotices } = await import('@/stores/notices')
const { useMatters } = await import('@/stores/matters')
const { opens } = await import('@/frame/pages')

function answer(routes: Record<string, [number, unknown]>): void {
  vi.stubGlobal('fetch', vi.fn(async (request: Request) => {
    const [status, body] = routes[`${request.method} ${new URL(request.url).pathname}`] ?? [404, { code: 'not_found' }]
    return new Response(status === 204 ? null : JSON.stringify(body), { status, headers: { 'content-type': 'application/json' } })
  }))
}
const agent = {
  user: { id: 'u1', username: 'agent1', name: '陈晓雯', staff_no: '801', department: '', side: 'supplier', roles: ['agent'], permissions: { 'calls:view': 'own', 'floor:work': 'own' }, totp: false },
  must_change_password: false, idle_timeout_s: 1200,
}

beforeEach(() => setActivePinia(createPinia()))

describe('the session', () => {
  it('asks once who is signed in', async () => {
    answer({ 'GET /api/v1/session': [200, agent], 'GET /api/v1/config-public': [200, { demo: true }] })
    const session = useSession()
    await Promise.all([session.ready(), session.ready()])
    expect(fetch).toHaveBeenCalledTimes(2)
    expect(session.user?.name).toBe('陈晓雯')
    expect(session.can('calls:view')).toBe(true)
    expect(session.reach('calls:view')).toBe('own')
    expect(session.can('users:view')).toBe(false)
  })
  it('nobody signed in is no error, an unreachable server is', async () => {
    answer({ 'GET /api/v1/session': [401, { code: 'not_signed_in' }], 'GET /api/v1/config-public': [200, {}] })
    await useSession().ready()
    expect(useSession().signedIn).toBe(false)

    setActivePinia(createPinia())
    vi.stubGlobal('fetch', vi.fn(() => Promise.reject(new TypeError('offline'))))
    await expect(useSession().ready()).rejects.toMatchObject({ code: 'unreachable' })
  })
  it('keeps why it ended', async () => {
    answer({ 'GET /api/v1/session': [200, agent], 'GET /api/v1/config-public': [200, {}] })
    const session = useSession()
    await session.ready()
    session.ended('idle')
    session.ended('not_signed_in')
    expect(session.signedIn).toBe(false)
    expect(session.endedBy).toBe('idle')
  })
  it('passes a refusal on as it came', async () => {
    answer({ 'POST /api/v1/session': [423, { code: 'account_locked', detail: 'locked', field: 'username' }] })
    const refused = await useSession().signIn('agent1', 'x').catch((error: unknown) => error)
    expect(refused).toBeInstanceOf(Problem)
    expect(refused).toMatchObject({ status: 423, code: 'account_locked', field: 'username' })
  })
})

describe('pages', () => {
  const rights = (permissions: Record<string, 'own' | 'all'>) => ({
    can: (p: string) => p in permissions, reach: (p: string) => permissions[p] ?? null,
  })
  it('open by a right', () => {
    expect(opens({ needs: ['a'] }, rights({ a: 'own' }))).toBe(true)
    expect(opens({ needs: ['a', 'b'] }, rights({ b: 'all' }))).toBe(true)
    expect(opens({ needs: ['a'] }, rights({}))).toBe(false)
    expect(opens({ needs: [] }, rights({}))).toBe(true)
  })
  it('a wide page is not for who sees only his own rows', () => {
    expect(opens({ needs: ['a'], wide: true }, rights({ a: 'own' }))).toBe(false)
    expect(opens({ needs: ['a'], wide: true }, rights({ a: 'all' }))).toBe(true)
  })
})

describe('notices', () => {
  it('count as unread until they were looked at', () => {
    const notices = useNotices()
    notices.add('owed')
    notices.add('alarm', { code: 'x' })
    expect(notices.unread).toBe(2)
    notices.readAll()
    expect(notices.unread).toBe(0)
    notices.add('owed')
    expect(notices.unread).toBe(1)
  })
})

describe('matters', () => {
  it('are found by code, word and initials, the nearest first', async () => {
    const leaf = (code: string, name: string, shortcut: string) => ({ code, name, shortcut, children: [] })
    answer({
      'GET /api/v1/matters': [200, { items: [
        { code: '1', name: '人事考试', shortcut: 'rsks', children: [leaf('104', '填报', 'tb'), leaf('106', '缴费与退费', 'jfytf'), leaf('107', '准考证', 'zkz')] },
        { code: '2', name: '职称', shortcut: 'zc', children: [leaf('207', '继续教育', 'jxjy')] },
      ] }],
    })
    const matters = useMatters()
    await matters.ready()
    const codes = (q: string) => matters.search(q).map((m) => m.code)
    expect(codes('106')).toEqual(['106'])
    expect(codes('jf')).toEqual(['106'])
    expect(codes('j')).toEqual(['106', '207'])
    expect(codes('职称')).toEqual(['207'])
    expect(codes('')).toHaveLength(4)
    expect(matters.nameOf('106')).toBe('人事考试 · 缴费与退费')
    expect(matters.nameOf('999')).toBe('999')
  })
})
