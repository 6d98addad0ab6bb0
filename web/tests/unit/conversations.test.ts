import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { Conversation, Message } from '@/api/channels'

vi.stubGlobal('localStorage', { getItem: () => null, setItem: () => {} })
vi.stubGlobal('addEventListener', () => {})
vi.stubGlobal('document', { visibilityState: 'visible', addEventListener: () => {}, documentElement: {} })
vi.stubGlobal('matchMedia', () => ({ matches: false, addEventListener: () => {} }))

const { createThread, joined } = await import('@/features/channels/thread')
const { byUrgency, hindrance, markOf, windowShort } = await import('@/features/channels/standing')
const { citationOf, slash } = await import('@/features/channels/scripts')
const { parts } = await import('@/features/channels/links')
const { chatKey } = await import('@/features/channels/chat-keys')
const { inHand, tabQuery, tabsFor } = await import('@/features/channels/tabs')
const { lacking, rowsOf } = await import('@/features/channels/settings')
const { useConversations } = await import('@/stores/conversations')
const { useSession } = await import('@/stores/session')

const ME = { id: 'me', name: '林晓雨', staff_no: '8001' }
const at = (seconds: number): string => new Date(Date.UTC(2026, 10, 26, 2, 0, seconds)).toISOString()
function message(seq: number, part: Partial<Message> = {}): Message {
  return { id: `m${seq}`, seq, direction: 'in', kind: 'text', text: `第 ${seq} 条`, file: null, author: null, at: at(seq), delivery: null, delivery_error: null, article: null, client_id: null, ...part }
}
function talk(part: Partial<Conversation> = {}): Conversation {
  return {
    id: 'c1', number: 'HH20261126-0001', channel: 'web', channel_name: '官网', channel_kind: 'web', queue: 'exam', state: 'active', requester: { id: 'r1' } as never, nickname: '张先生', agent: ME, offered_to_me: false, offered_until: null,
    subject: null, last_text: '', last_at: at(0), last_seq: 0, unread: 0, opened_at: at(0), accepted_at: at(0), ended_at: null, end_reason: null, unanswered_since: null, window: null, wrap_up_ends_at: null, wrap_up_extensions: 0, wrap_up_max_extensions: 2, satisfaction: null, waiting_since: at(0), first_response_at: null,
    satisfaction_words: null, ticket_id: null, requester_read_seq: 0, agent_read_seq: 0, version: 1, ...part,
  }
}

/** The server's own thread, and what it was asked. */
let kept: Message[] = []
let asked: string[] = []
let refuse: [number, unknown] | null = null
let views: Record<string, Conversation> = {}
beforeEach(() => {
  kept = []
  asked = []
  refuse = null
  views = {}
  setActivePinia(createPinia())
  vi.stubGlobal('fetch', vi.fn(async (request: Request) => {
    const url = new URL(request.url)
    asked.push(`${request.method} ${url.pathname.replace('/api/v1', '')}${url.search}`)
    const answer = (status: number, body: unknown) => new Response(status === 204 ? null : JSON.stringify(body), { status, headers: { 'content-type': 'application/json' } })
    const q = url.searchParams
    const [, , , , id, verb] = url.pathname.split('/')
    if (request.method === 'POST' && verb === 'messages') {
      if (refuse) return answer(...refuse)
      const { client_id, text, note, article } = (await request.json()) as { client_id: string; text: string; note?: boolean; article?: string }
      const known = kept.find((one) => one.client_id === client_id)
      if (known) return answer(201, known)
      const made = message((kept.at(-1)?.seq ?? 0) + 1, { direction: note ? 'note' : 'out', text, client_id, article: article ?? null })
      kept.push(made)
      return answer(201, made)
    }
    if (verb === 'messages') {
      const limit = Number(q.get('limit') ?? 50)
      if (q.has('after')) {
        const found = kept.filter((one) => one.seq > Number(q.get('after')))
        return answer(200, { items: found.slice(0, limit), more: found.length > limit })
      }
      const before = q.has('before') ? kept.filter((one) => one.seq < Number(q.get('before'))) : kept
      return answer(200, { items: before.slice(-limit), more: before.length > limit })
    }
    if (verb === 'read') return answer(204, null)
    if (verb === 'accept') return answer(409, { code: 'no_longer_offered' })
    if (url.pathname.endsWith('/conversations')) return answer(200, { items: Object.values(views), next: null, total: 1, total_capped: false })
    if (id && views[id]) return answer(200, views[id])
    return answer(404, { code: 'not_found' })
  }))
  useSession().session = { user: { ...ME, permissions: { 'conversations:view': 'own', 'conversations:answer': 'own' }, roles: ['agent'] } } as never
})
const seqs = (items: readonly Message[]) => items.map((one) => one.seq)
const fill = (n: number) => (kept = Array.from({ length: n }, (_, i) => message(i + 1)))

describe('a thread', () => {
  it('stands in the order of its numbers, each once, the newest word of each', () => {
    const before = [message(1), message(2, { delivery: 'pending' })]
    const found = joined(before, [message(4), message(3), message(2, { delivery: 'sent' })])
    expect(seqs(found)).toEqual([1, 2, 3, 4])
    expect(found[1]!.delivery).toBe('sent')
    expect(joined(before, [])).toBe(before)
  })
  it('begins with the newest page and reads back', async () => {
    fill(120)
    const thread = createThread('c1')
    await thread.catchUp()
    expect(seqs(thread.items.value).slice(0, 2)).toEqual([71, 72])
    expect(thread.older.value).toBe(true)
    await thread.earlier()
    await thread.earlier()
    expect(thread.items.value).toHaveLength(120)
    expect(thread.older.value).toBe(false)
    await thread.earlier()
    expect(asked.filter((one) => one.includes('before'))).toHaveLength(2)
  })
  it('takes twenty messages out of order and twice, and shows them once and in order', async () => {
    fill(1)
    const thread = createThread('c1')
    await thread.catchUp()
    fill(21)
    const told = kept.slice(1)
    for (const one of [...told.slice(10), ...told.slice(0, 10), ...told]) thread.take(one)
    await vi.waitFor(() => expect(thread.items.value).toHaveLength(21))
    expect(seqs(thread.items.value)).toEqual(Array.from({ length: 21 }, (_, i) => i + 1))
  })
  it('reads a gap before it shows what lies behind it', async () => {
    fill(3)
    const thread = createThread('c1')
    await thread.catchUp()
    fill(7)
    thread.take(message(7))
    expect(seqs(thread.items.value)).toEqual([1, 2, 3])
    await vi.waitFor(() => expect(seqs(thread.items.value)).toEqual([1, 2, 3, 4, 5, 6, 7]))
    expect(asked.at(-1)).toContain('after=3')
  })
  it('shows what it was told when the gap cannot be read', async () => {
    fill(3)
    const thread = createThread('c1')
    await thread.catchUp()
    vi.stubGlobal('fetch', vi.fn(() => Promise.reject(new TypeError('offline'))))
    thread.take(message(6))
    await vi.waitFor(() => expect(seqs(thread.items.value)).toEqual([1, 2, 3, 6]))
    expect(thread.problem.value?.code).toBe('unreachable')
  })
  it('reads on over several pages, and folds calls into one more look', async () => {
    fill(2)
    const thread = createThread('c1')
    await thread.catchUp()
    fill(450)
    await Promise.all([thread.catchUp(), thread.catchUp(), thread.catchUp()])
    await vi.waitFor(() => expect(thread.items.value).toHaveLength(450))
    expect(asked.filter((one) => one.includes('after')).length).toBeLessThanOrEqual(4)
  })
})

describe('how far a message came', () => {
  it('is told behind it', async () => {
    fill(2)
    const chats = useConversations()
    chats.put(talk())
    const thread = chats.thread('c1')
    await thread.catchUp()
    chats.heard({ id: 'c1', what: 'delivery', state: 'active', message_id: 'm2', delivery: 'dead', delivery_error: '45015' })
    expect(thread.items.value.map((one) => [one.delivery, one.delivery_error])).toEqual([[null, null], ['dead', '45015']])
    chats.stop()
  })
})

describe('what goes out', () => {
  it('is seen at once and becomes the message of the server', async () => {
    fill(1)
    const thread = createThread('c1')
    await thread.catchUp()
    const gone = thread.send({ text: '您好' })
    expect(thread.pending.value.map((one) => one.text)).toEqual(['您好'])
    await gone
    expect(thread.pending.value).toEqual([])
    expect(thread.items.value.at(-1)).toMatchObject({ seq: 2, text: '您好', direction: 'out' })
  })
  it('is there once, though the live line was faster than the answer', async () => {
    const thread = createThread('c1')
    await thread.catchUp()
    const gone = thread.send({ text: '您好' })
    const { client_id } = thread.pending.value[0]!
    thread.take(message(1, { direction: 'out', text: '您好', client_id, id: 'm1' }))
    expect(thread.pending.value).toEqual([])
    await gone
    expect(thread.items.value).toHaveLength(1)
  })
  it('keeps its order when one fails, and goes out in that order with one retry', async () => {
    const thread = createThread('c1')
    await thread.catchUp()
    refuse = [503, { code: 'database_busy' }]
    await Promise.all([thread.send({ text: '一' }), thread.send({ text: '二' })])
    await thread.send({ text: '三' })
    expect(thread.pending.value.map((one) => [one.text, one.state, one.problem?.code ?? null])).toEqual([['一', 'failed', 'database_busy'], ['二', 'failed', null], ['三', 'failed', null]])
    refuse = null
    await thread.retry()
    expect(thread.items.value.map((one) => one.text)).toEqual(['一', '二', '三'])
  })
  it('goes out by itself once the server is there again, in its order', async () => {
    vi.useFakeTimers()
    try {
      const thread = createThread('c1')
      await thread.catchUp()
      refuse = [502, null]
      await thread.send({ text: '一' })
      await thread.send({ text: '二' })
      expect(thread.pending.value[0]).toMatchObject({ state: 'failed', problem: { code: 'unreachable' } })
      await vi.advanceTimersByTimeAsync(1_100)
      expect(thread.items.value).toEqual([])
      refuse = null
      await vi.advanceTimersByTimeAsync(2_100)
      expect(thread.items.value.map((one) => one.text)).toEqual(['一', '二'])
      // What the server refuses for good is not asked again.
      refuse = [409, { code: 'conversation_ended' }]
      await thread.send({ text: '三' })
      refuse = null
      thread.resume()
      await vi.advanceTimersByTimeAsync(30_000)
      expect(thread.pending.value).toHaveLength(1)
    } finally {
      vi.useRealTimers()
    }
  })
  it('is not doubled when the answer was lost', async () => {
    const thread = createThread('c1')
    await thread.catchUp()
    const real = fetch
    vi.stubGlobal('fetch', vi.fn(async (request: Request) => {
      await real(request)
      throw new TypeError('cut off')
    }))
    await thread.send({ text: '一次' })
    expect(thread.pending.value[0]).toMatchObject({ state: 'failed', problem: { code: 'unreachable' } })
    vi.stubGlobal('fetch', real)
    await thread.retry()
    expect(kept).toHaveLength(1)
    expect(thread.items.value).toHaveLength(1)
  })
  it('can be taken back', async () => {
    const thread = createThread('c1')
    await thread.catchUp()
    refuse = [409, { code: 'reply_window_closed' }]
    await thread.send({ text: '晚了' })
    const [one] = thread.pending.value
    expect(one?.problem?.code).toBe('reply_window_closed')
    expect(thread.drop(one!.client_id)?.text).toBe('晚了')
    expect(thread.pending.value).toEqual([])
  })
})

describe('the conversations in hand', () => {
  const news = (part: object) => ({ id: 'c1', state: 'active', agent_id: 'me', channel: 'web', ...part }) as never
  it('count what was not read, and not what is in sight', async () => {
    const chats = useConversations()
    views = { c1: talk() }
    chats.put(talk())
    chats.heard(news({ what: 'message', message: message(1) }))
    chats.heard(news({ what: 'message', message: message(2) }))
    // The same again is not more.
    chats.heard(news({ what: 'message', message: message(2) }))
    expect(chats.unread).toBe(2)
    expect(chats.hand[0]).toMatchObject({ last_seq: 2, last_text: '第 2 条', unanswered_since: at(1) })
    chats.looking = 'c1'
    chats.seen('c1')
    chats.heard(news({ what: 'message', message: message(3) }))
    expect(chats.unread).toBe(0)
    chats.stop()
  })
  it('tell the server what was read, once', async () => {
    vi.useFakeTimers()
    try {
      const chats = useConversations()
      fill(4)
      chats.put(talk({ unread: 4, last_seq: 4 }))
      await chats.thread('c1').catchUp()
      chats.seen('c1')
      chats.seen('c1')
      await vi.advanceTimersByTimeAsync(1_000)
      expect(asked.filter((one) => one.endsWith('/read'))).toHaveLength(1)
      expect(chats.hand[0]).toMatchObject({ unread: 0, agent_read_seq: 4 })
      chats.stop()
    } finally {
      vi.useRealTimers()
    }
  })
  it('ring, and stop ringing by themselves when the end was not heard', async () => {
    vi.useFakeTimers({ now: Date.parse(at(0)) })
    try {
      const chats = useConversations()
      views = { c1: talk({ state: 'waiting', agent: null, version: 2 }) }
      chats.put(talk({ state: 'waiting', agent: null, offered_to_me: true, offered_until: at(20) }))
      expect(chats.offer?.id).toBe('c1')
      await vi.advanceTimersByTimeAsync(22_000)
      expect(chats.offer).toBeNull()
      chats.stop()
    } finally {
      vi.useRealTimers()
    }
  })
  it('show who was faster together with the refusal', async () => {
    const chats = useConversations()
    views = { c1: talk({ state: 'active', agent: { ...ME, id: 'other' }, version: 2 }) }
    chats.put(talk({ state: 'waiting', agent: null, offered_to_me: true, offered_until: at(20) }))
    await expect(chats.accept('c1')).rejects.toMatchObject({ code: 'no_longer_offered' })
    expect(chats.offer).toBeNull()
    expect(chats.hand).toEqual([])
    chats.stop()
  })
  it('keep the newer of two answers', () => {
    const chats = useConversations()
    chats.put(talk({ version: 3, state: 'wrap_up' }))
    chats.put(talk({ version: 2, state: 'active' }))
    expect(chats.known.get('c1')?.state).toBe('wrap_up')
    chats.stop()
  })
  it('fill the gap after the line was away', async () => {
    const chats = useConversations()
    views = { c1: talk() }
    fill(2)
    const thread = chats.thread('c1')
    await thread.catchUp()
    chats.start()
    const { useLive } = await import('@/stores/live')
    fill(5)
    useLive().status = 'lost'
    await Promise.resolve()
    useLive().status = 'open'
    await vi.waitFor(() => expect(seqs(thread.items.value)).toEqual([1, 2, 3, 4, 5]))
    chats.stop()
  })
  it('keep what was typed for each', () => {
    const chats = useConversations()
    chats.write('c1', { text: '您好' })
    chats.write('c2', { note: true })
    expect(chats.draft('c1')).toEqual({ text: '您好', note: false, script: null })
    chats.write('c1', { text: '' })
    expect(chats.draft('c1').text).toBe('')
    expect(chats.draft('c2').note).toBe(true)
  })
  it('have what was typed again after a reload, for the same person only', () => {
    const kept = new Map<string, string>()
    vi.stubGlobal('sessionStorage', { getItem: (key: string) => kept.get(key) ?? null, setItem: (key: string, value: string) => void kept.set(key, value), removeItem: (key: string) => void kept.delete(key) })
    useConversations().write('c1', { text: '写到一半' })
    const reload = (who: string) => {
      setActivePinia(createPinia())
      useSession().session = { user: { ...ME, id: who, permissions: { 'conversations:view': 'own', 'conversations:answer': 'own' }, roles: ['agent'] } } as never
      const chats = useConversations()
      chats.start()
      const { text } = chats.draft('c1')
      chats.stop()
      return text
    }
    expect(reload('me')).toBe('写到一半')
    expect(reload('other')).toBe('')
    expect(kept.size).toBe(0)
    vi.stubGlobal('sessionStorage', undefined)
  })
  it('read by one side move only the marks of that side', () => {
    const chats = useConversations()
    chats.put(talk())
    chats.heard(news({ what: 'read', seq: 9, requester_read_seq: 5 }))
    chats.heard(news({ what: 'read', seq: 9, requester_read_seq: 3 }))
    expect(chats.known.get('c1')).toMatchObject({ requester_read_seq: 5, agent_read_seq: 0 })
    chats.heard(news({ what: 'typing', until: at(30) }))
    expect(chats.typing.get('c1')).toBe(at(30))
    // Who has written types no more.
    chats.heard(news({ what: 'message', message: message(1) }))
    expect(chats.typing.has('c1')).toBe(false)
    chats.stop()
  })
})

describe('what the platform would refuse', () => {
  const now = Date.parse(at(0))
  const open = (left: number | null, seconds: number | null, blocked: 'reply_window_closed' | 'reply_quota_used' | null = null) => talk({ window: { left, expires_at: seconds === null ? null : at(seconds), blocked } })
  it('is known before it is asked', () => {
    expect(hindrance(talk(), 'me', now)).toBeNull()
    expect(hindrance(open(3, 60), 'me', now)).toBeNull()
    expect(hindrance(open(0, 60), 'me', now)).toBe('reply_quota_used')
    expect(hindrance(open(3, 0), 'me', now)).toBe('reply_window_closed')
    expect(hindrance(open(3, 60, 'reply_window_closed'), 'me', now)).toBe('reply_window_closed')
    expect(hindrance(talk({ agent: { ...ME, id: 'other' } }), 'me', now)).toBe('not_your_conversation')
    expect(hindrance(talk({ agent: { ...ME, id: 'other' } }), 'me', now, true)).toBeNull()
    expect(hindrance(talk({ state: 'left', agent: null }), 'me', now, true)).toBe('left')
    expect(hindrance(talk({ state: 'waiting', agent: null }), 'me', now)).toBe('not_accepted')
    expect(hindrance(talk({ state: 'wrap_up' }), 'me', now)).toBe('conversation_ended')
  })
  it('is warned of in time', () => {
    expect(windowShort(open(5, 3_600), now)).toBe(false)
    expect(windowShort(open(5, 300), now)).toBe(true)
    expect(windowShort(open(1, 3_600), now)).toBe(true)
    expect(windowShort(talk(), now)).toBe(false)
  })
  it('stands below who can still be answered', () => {
    const list = [
      talk({ id: 'answered' }), talk({ id: 'late', unanswered_since: at(10) }), talk({ id: 'blocked', unanswered_since: at(1), window: { left: 1, expires_at: null, blocked: 'reply_window_closed' } }), talk({ id: 'long', unanswered_since: at(5) }),
      talk({ id: 'rings', state: 'waiting', agent: null, offered_to_me: true }),
    ]
    expect(list.sort(byUrgency).map((one) => one.id)).toEqual(['rings', 'long', 'late', 'blocked', 'answered'])
    expect(markOf(list[0]!)).toBe('offered')
  })
})

describe('the composer', () => {
  it('finds the short code under the cursor', () => {
    expect(slash('/zp', 3)).toEqual({ from: 0, query: 'zp' })
    expect(slash('您好 /缴费', 6)).toEqual({ from: 3, query: '缴费' })
    expect(slash('/', 1)).toEqual({ from: 0, query: '' })
    expect(slash('https://example.org', 8)).toBeNull()
    expect(slash('1/2', 3)).toBeNull()
    expect(slash('/zp 好', 5)).toBeNull()
  })
  it('sends a script under its name only unchanged', () => {
    const script = { citation: 'a@7', number: 'ZS0001', n: 7, text: '考前一周开放打印。', effective_at: null }
    expect(citationOf('考前一周开放打印。 ', script)).toBe('a@7')
    expect(citationOf('考前一天开放打印。', script)).toBeNull()
    expect(citationOf('x', null)).toBeNull()
  })
  it('links what the web serves and nothing else', () => {
    expect(parts('见 https://example.org/a?b=1，谢谢')).toEqual([{ text: '见 ' }, { text: 'https://example.org/a?b=1', link: 'https://example.org/a?b=1' }, { text: '，谢谢' }])
    expect(parts('javascript:alert(1) <b>')).toEqual([{ text: 'javascript:alert(1) <b>' }])
  })
})

describe('keys, tabs and settings', () => {
  it('go with Alt alone', () => {
    const press = { code: 'KeyT', altKey: true, ctrlKey: false, metaKey: false, shiftKey: false, isComposing: false }
    expect(chatKey(press)).toBe('transfer')
    expect(chatKey({ ...press, ctrlKey: true })).toBeNull()
    expect(chatKey({ ...press, isComposing: true })).toBeNull()
    expect(chatKey({ ...press, code: 'ArrowDown' })).toBe('next')
  })
  it('ask for their own rows', () => {
    const none = { q: '', channel: '' }
    expect(tabQuery('mine', true, none)).toBeNull()
    expect(tabQuery('closed', false, none)).toMatchObject({ state: 'closed', mine: true })
    expect(tabQuery('closed', true, none)).not.toHaveProperty('mine')
    expect(inHand([talk(), talk({ id: 'c2', channel: 'qq', nickname: '夜航船' })], { q: 'yhc', channel: '' }).map((one) => one.id)).toEqual(['c2'])
    expect(inHand([talk(), talk({ id: 'c2', channel: 'qq' })], { q: '', channel: 'web' })).toHaveLength(1)
  })
  it('show a lead what waits, and an agent only what is his or was left', () => {
    expect(tabsFor(false)).toEqual(['mine', 'left', 'closed'])
    expect(tabsFor(true)).toEqual(['mine', 'waiting', 'left', 'all', 'closed'])
  })
  it('know what a channel needs, and keep what they do not know', () => {
    const setting = (name: string, secret = false, required = true, fallback = '') => ({ name, secret, required, default: fallback })
    const kinds = [{ kind: 'wechat_oa' as const, settings: [setting('appid'), setting('mode', false, false, 'safe'), setting('token', true), setting('old', true, false)] }]
    const channel = { kind: 'wechat_oa', settings: { room: 'A' }, secrets: ['token', 'other'] } as never
    const { settings, secrets } = rowsOf(kinds, 'wechat_oa', channel)
    expect(settings.map((one) => one.name)).toEqual(['appid', 'mode', 'room'])
    expect(secrets.map((one) => one.name)).toEqual(['token', 'old', 'other'])
    expect(lacking(kinds, channel)).toBe(1)
    expect(rowsOf(kinds, 'manual', null)).toEqual({ settings: [], secrets: [] })
  })
})
