import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Problem, type Api } from '../../widget/app/api'
import { memory } from '../../widget/app/memory'
import { Session } from '../../widget/app/session'
import type { Conversation, Message } from '../../widget/app/types'

/** A server of one visitor, in memory. */
function world() {
  const conversation: Conversation = { id: 'c1', state: 'active', place: null, agent: { staff_no: '8003' }, open: true, last_seq: 0, agent_read_seq: 0, may_rate: false, satisfaction: null }
  const messages: Message[] = []
  const trouble: Problem[] = []
  let known = true
  const add = (from: Message['from'], text: string, client_id: string | null = null): Message => {
    const message: Message = { conversation_id: conversation.id!, id: `m${conversation.id}${messages.length}`, seq: (messages.at(-1)?.seq ?? 0) + 1, from, kind: 'text', text, file: null, at: '2026-11-26T01:00:00Z', client_id }
    messages.push(message)
    conversation.last_seq = message.seq
    return message
  }
  const check = () => {
    if (!known) throw new Problem(401, { code: 'not_a_visitor' })
  }
  const api = {
    token: null as string | null,
    current: vi.fn(async () => (check(), { ...conversation })),
    messages: vi.fn(async (after: string) => {
      check()
      const [of, place] = after.split('.')
      return { items: messages.filter(({ seq }) => of !== conversation.id || seq > Number(place)), more: false }
    }),
    send: vi.fn(async (clientId: string, text: string) => {
      check()
      const error = trouble.shift()
      const before = messages.find(({ client_id }) => client_id === clientId)
      if (conversation.state === 'none') Object.assign(conversation, { id: 'c1', state: 'waiting' })
      if (conversation.state === 'ended') {
        Object.assign(conversation, { id: 'c2', state: 'waiting', last_seq: 0 })
        messages.length = 0
      }
      const message = before ?? (error && error.status !== 0 ? null : add('me', text, clientId))
      if (error) throw error
      return message!
    }),
    read: vi.fn(async () => null),
    typing: vi.fn(async () => null),
    end: vi.fn(async () => null),
    events: vi.fn(() => new Promise<never>(() => {})),
  }
  return { api: api as unknown as Api & typeof api, conversation, messages, trouble, add, forget: () => (known = false) }
}
function sessionOf(of: ReturnType<typeof world>, kept = memory('t', [])) {
  const hooks = { changed: vi.fn(), news: vi.fn(), gone: vi.fn() }
  return { session: new Session(of.api, kept, hooks), hooks, kept }
}
const texts = (session: Session) => session.thread.entries.map(({ message, outgoing }) => message?.text ?? `…${outgoing!.text}`)
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms)

describe('the session of a visitor', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it('sends in order, and once, over a line that loses answers', async () => {
    const server = world()
    const { session } = sessionOf(server)
    session.begin('token', { ...server.conversation })
    server.trouble.push(Problem.unreachable(), Problem.unreachable())
    session.send('a')
    session.send('b')
    await pass(0)
    expect(texts(session)).toEqual(['…a', '…b'])
    await pass(10_000)
    expect(texts(session)).toEqual(['a', 'b'])
    expect(server.messages.map(({ text }) => text)).toEqual(['a', 'b'])
    session.forget()
  })

  it('waits as long as a limit asks, and keeps what was refused', async () => {
    const server = world()
    const { session } = sessionOf(server)
    session.begin('token', { ...server.conversation })
    server.trouble.push(new Problem(429, { code: 'too_many', wait_s: 20 }))
    session.send('a')
    await pass(19_000)
    expect(server.api.send).toHaveBeenCalledTimes(1)
    await pass(1_500)
    expect(texts(session)).toEqual(['a'])
    server.trouble.push(new Problem(422, { code: 'text_too_long', field: 'text' }))
    session.send('b')
    session.send('c')
    await pass(0)
    expect(session.thread.pending).toMatchObject([{ text: 'b', state: 'refused' }])
    expect(texts(session)).toEqual(['a', 'c', '…b'])
    session.forget()
  })

  it('loses nothing of what comes while it fetches, and takes no older state for a newer one', async () => {
    const server = world()
    server.conversation.state = 'waiting'
    let push = (_kind: string, _data: unknown): void => {}
    const stream = new ReadableStream<Uint8Array>({
      start: (to) => void (push = (kind, data) => to.enqueue(new TextEncoder().encode(`event: ${kind}\ndata: ${JSON.stringify(data)}\n\n`))),
    })
    server.api.events.mockImplementationOnce(async () => stream as never)
    const held: (() => void)[] = []
    const late = <T>(answer: T) => new Promise<T>((resolve) => held.push(() => resolve(answer)))
    server.api.current.mockImplementationOnce(() => late({ ...server.conversation }))
    server.api.messages.mockImplementationOnce(() => late({ items: [...server.messages], more: false }))
    const { session } = sessionOf(server)
    session.begin('token', { ...server.conversation })
    await pass(0)
    // Somebody takes it while the answer is on its way that nobody has.
    server.conversation.state = 'active'
    push('state', { ...server.conversation })
    await pass(0)
    held.shift()!()
    await pass(0)
    // One is lost on the way while the answer travels that knows of none.
    server.add('agent', '丢失的')
    push('message', server.add('agent', '随后的'))
    await pass(0)
    held.shift()!()
    await pass(100)
    expect(texts(session)).toEqual(['丢失的', '随后的'])
    expect(session.conversation?.state).toBe('active')
    session.forget()
  })

  it('resumes after a reload, with what had not been sent', async () => {
    const server = world()
    const first = sessionOf(server)
    first.session.begin('token', { ...server.conversation })
    server.trouble.push(Problem.unreachable())
    first.session.send('a')
    await pass(0)
    first.session.line.stop()
    const second = sessionOf(server, first.kept)
    server.add('agent', 'hello')
    expect(await second.session.resume()).toBe(true)
    await pass(100)
    expect(texts(second.session)).toEqual(['a', 'hello'])
    expect(second.kept.get('outbox')).toBeNull()
    second.session.forget()
    expect(await sessionOf(server, second.kept).session.resume()).toBe(false)
  })

  it('opens the next conversation with what is written after the end', async () => {
    const server = world()
    const { session } = sessionOf(server)
    server.add('agent', 'first')
    session.begin('token', { ...server.conversation })
    await session.catchUp()
    Object.assign(server.conversation, { state: 'ended' })
    await session.catchUp()
    session.send('again')
    await pass(0)
    expect(session.conversation).toMatchObject({ id: 'c2', state: 'waiting' })
    expect(texts(session)).toEqual(['first', 'again'])
    session.forget()
  })

  it('begins with no conversation at all until the first word', async () => {
    const server = world()
    Object.assign(server.conversation, { id: null, state: 'none' })
    const { session } = sessionOf(server)
    session.begin('token', { ...server.conversation })
    expect(session.going).toBe(false)
    session.send('a')
    await pass(0)
    expect(session.going).toBe(true)
    expect(texts(session)).toEqual(['a'])
    session.forget()
  })

  it('marks as read only what somebody looks at', async () => {
    const server = world()
    const { session, kept } = sessionOf(server)
    session.begin('token', { ...server.conversation })
    server.add('agent', 'hello')
    await session.catchUp()
    expect(session.unread).toBe(1)
    expect(server.api.read).not.toHaveBeenCalled()
    session.watch(true)
    expect(server.api.read).toHaveBeenCalledWith(1)
    expect(session.unread).toBe(0)
    expect(kept.get('read')).toBe('c1:1')
    session.forget()
  })

  it('says when the server no longer knows it', async () => {
    const server = world()
    const { session, hooks } = sessionOf(server)
    session.begin('token', { ...server.conversation })
    server.forget()
    session.send('a')
    await pass(0)
    expect(hooks.gone).toHaveBeenCalled()
    session.forget()
  })
})
