import { describe, expect, it } from 'vitest'
import { Thread, type Outgoing } from '../../widget/app/thread'
import type { Message } from '../../widget/app/types'

const message = (seq: number, more: Partial<Message> = {}): Message => ({
  id: `m${seq}`, conversation_id: 'c1', seq, from: 'agent', kind: 'text', text: `t${seq}`, file: null, at: '2026-11-26T01:00:00Z', client_id: null, ...more,
})
const outgoing = (client_id: string, state: Outgoing['state'] = 'queued'): Outgoing => ({ client_id, text: client_id, file: null, at: '2026-11-26T01:00:00Z', state, progress: 0, why: null })
const texts = (thread: Thread) => thread.entries.map((entry) => entry.message?.text ?? entry.outgoing!.text)
const begun = () => {
  const thread = new Thread()
  thread.enter('c1')
  return thread
}

describe('the thread of a visitor', () => {
  it('stands in the order of the server, however it comes', () => {
    const thread = begun()
    for (const seq of [3, 1, 2, 3, 1]) thread.live(message(seq))
    expect(texts(thread)).toEqual(['t1', 't2', 't3'])
  })

  it('sees a gap, and asks from before it', () => {
    const thread = begun()
    thread.fetched([message(1), message(2)])
    expect(thread.live(message(3)).gap).toBe(false)
    expect(thread.live(message(5)).gap).toBe(true)
    expect(thread.complete).toBe(3)
    thread.fetched([message(4), message(5)], 5)
    expect(thread.complete).toBe(5)
    expect(texts(thread)).toEqual(['t1', 't2', 't3', 't4', 't5'])
  })

  it('takes numbers that the visitor may not see for complete once they were fetched', () => {
    const thread = begun()
    thread.fetched([message(1)], 4)
    expect(thread.live(message(5)).gap).toBe(false)
  })

  it('puts what was on its way in its place, once', () => {
    const thread = begun()
    thread.add(outgoing('a'))
    thread.add(outgoing('b'))
    thread.live(message(1))
    const arrived = message(2, { from: 'me', client_id: 'a', text: 'a' })
    expect(thread.live(arrived).fresh).toHaveLength(1)
    expect(thread.live(arrived).fresh).toHaveLength(0)
    thread.live(message(3))
    expect(thread.entries.map(({ key }) => key)).toEqual(['m1', 'a', 'm3', 'b'])
    thread.add(outgoing('a'))
    expect(thread.pending.map((one) => one.client_id)).toEqual(['b'])
  })

  it('leaves as a message only what was written in this conversation', () => {
    const thread = begun()
    thread.fetched([message(1, { from: 'me', text: '上次的' }), message(2)])
    thread.enter('c2')
    thread.fetched([message(1, { id: 'n1', conversation_id: 'c2', from: 'me', text: '这次的' })])
    thread.add(outgoing('还在路上'))
    expect(thread.myWords).toBe('这次的\n还在路上')
  })

  it('lets nothing overtake, except what was refused for good', () => {
    const thread = begun()
    thread.add(outgoing('a', 'failed'))
    thread.add(outgoing('b'))
    expect(thread.next()).toBeUndefined()
    thread.outgoing('a')!.state = 'refused'
    expect(thread.next()?.client_id).toBe('b')
    thread.drop('a')
    expect(texts(thread)).toEqual(['b'])
  })

  it('goes on with the next conversation, whose numbers begin anew', () => {
    const thread = begun()
    thread.fetched([message(1), message(2)])
    expect(thread.place).toBe('c1.2')
    expect(thread.enter(null)).toBe(false)
    expect(thread.enter('c1')).toBe(false)
    expect(thread.enter('c2')).toBe(true)
    expect(thread.place).toBe('c2.0')
    expect(thread.isHere(message(1))).toBe(false)
    thread.fetched([message(1, { id: 'n1', conversation_id: 'c2', text: 'new' })])
    expect(texts(thread)).toEqual(['t1', 't2', 'new'])
    expect(thread.unread(0)).toBe(1)
  })

  it('knows what is unread and how far the agent has read', () => {
    const thread = begun()
    thread.fetched([message(1), message(2, { from: 'me', client_id: 'a' }), message(3, { from: 'system' }), message(4), message(5, { from: 'me', client_id: 'b' })])
    expect(thread.unread(1)).toBe(1)
    expect(thread.lastTheirs).toBe(4)
    expect(thread.readByAgent(4)).toBe('a')
    expect(thread.readByAgent(5)).toBe('b')
    expect(thread.readByAgent(0)).toBeNull()
  })
})
