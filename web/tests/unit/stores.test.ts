import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, describe, expect, it, vi } from 'vitest'

vi.stubGlobal('localStorage', { getItem: () => null, setItem: () => {} })
vi.stubGlobal('addEventListener', () => {})

const { Problem } = await import('@/api/problem')
const { useSession } = await import('@/stores/session')
const { useNotices } = await import('@/stores/notices')
const { useMatters } = await import('@/stores/matters')
const { opens, PAGES } = await import('@/frame/pages')
const { pageOf } = await import('@/features/notices/subject')

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
  it('of what goes up stand in the rail of who may see them, with his own rows too', () => {
    const shown = (permissions: Record<string, 'own' | 'all'>) => PAGES.filter((page) => page.group === 'cases' && opens(page, rights(permissions))).map((page) => page.name)
    expect(shown({ 'escalations:view': 'own', 'instructions:view': 'own', 'incidents:view': 'all' })).toEqual(['escalations', 'instructions', 'incidents'])
    expect(shown({ 'incidents:view': 'all' })).toEqual(['incidents'])
    expect(shown({ 'users:view': 'all' })).toEqual([])
  })
  it('a wide page is not for who sees only his own rows', () => {
    expect(opens({ needs: ['a'], wide: true }, rights({ a: 'own' }))).toBe(false)
    expect(opens({ needs: ['a'], wide: true }, rights({ a: 'all' }))).toBe(true)
  })
})

describe('notices', () => {
  it('count as unread until they were looked at', () => {
    const notices = useNotices()
    notices.add('forced')
    notices.add('alarm', { code: 'x' })
    expect(notices.unread).toBe(2)
    notices.readAll()
    expect(notices.unread).toBe(0)
    notices.add('forced')
    expect(notices.unread).toBe(1)
  })
  it('of the server are kept through a reload and read one by one', async () => {
    const told = { id: 'n1', kind: 'ticket_due', subject_kind: 'ticket', subject_id: 't1', parameters: { number: 'SJ20261123-0001' }, urgency: 'urgent', at: '2026-11-23T02:00:00Z', read_at: null, done_at: null }
    const routes: Record<string, [number, unknown]> = {
      'GET /api/v1/notices': [200, { items: [told], next: null, total: 1, total_capped: false }],
      'GET /api/v1/notices/count': [200, { unread: 1, urgent: 1 }],
      'POST /api/v1/notices/n1/read': [200, { ...told, read_at: '2026-11-23T02:01:00Z' }],
    }
    answer(routes)
    const notices = useNotices()
    await notices.load()
    expect(fetch).not.toHaveBeenCalled()
    notices.start()
    await vi.waitFor(() => expect(notices.told).toHaveLength(1))
    expect(notices.unread).toBe(1)
    await notices.read(notices.told[0]!)
    expect(notices.unread).toBe(0)
    expect(notices.told[0]!.read_at).not.toBeNull()
    notices.stop()
    expect(notices.told).toHaveLength(0)
  })
  it('lead to their page where the console has one', () => {
    const router = { hasRoute: (name: unknown) => name === 'ticket' || name === 'record' }
    expect(pageOf({ subject_kind: 'ticket', subject_id: 't1' }, router)).toEqual({ name: 'ticket', params: { id: 't1' } })
    expect(pageOf({ subject_kind: 'contact_record', subject_id: 'c1' }, router)).toEqual({ name: 'record', params: { id: 'c1' } })
    expect(pageOf({ subject_kind: 'course', subject_id: 'e1' }, router)).toBeNull()
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
  it('are read again when a picker opens later, and by who reads them already', async () => {
    vi.useFakeTimers()
    try {
      const named = (name: string) => answer({ 'GET /api/v1/matters': [200, { items: [{ code: '106', name, shortcut: '', children: [] }] }] })
      named('缴费')
      const matters = useMatters()
      matters.refresh()
      expect(fetch).not.toHaveBeenCalled()
      await matters.ready()
      named('缴费与退费')
      await matters.ready()
      expect(matters.nameOf('106')).toBe('缴费')
      vi.advanceTimersByTime(61_000)
      await matters.ready()
      await vi.waitFor(() => expect(matters.nameOf('106')).toBe('缴费与退费'))
    } finally {
      vi.useRealTimers()
    }
  })
})
