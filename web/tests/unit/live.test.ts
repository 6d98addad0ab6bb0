import { createPinia, setActivePinia } from 'pinia'
import { describe, expect, it, vi } from 'vitest'
import { effectScope, ref } from 'vue'
import { EventParser, type LiveEvent } from '@/live/sse'

vi.stubGlobal('addEventListener', () => {})
const { useLive, useLiveList } = await import('@/stores/live')

describe('the event stream', () => {
  it('gives whole events however they are cut', () => {
    const parser = new EventParser()
    const text = 'id: 7-1\nevent: agent_state\ndata: {"a":1}\n\nid: 7-2\nevent: board\ndata: {"b":2}\n\n'
    const events = [...text].flatMap((char) => parser.push(char))
    expect(events).toEqual([
      { kind: 'agent_state', id: '7-1', data: { a: 1 } },
      { kind: 'board', id: '7-2', data: { b: 2 } },
    ])
    expect(parser.lastId).toBe('7-2')
  })
  it('joins data lines and ignores signs of life', () => {
    expect(new EventParser().push(': beat\n\ndata: [1,\ndata: 2]\n\n')).toEqual([{ kind: 'message', id: null, data: [1, 2] }])
  })
  it('takes CRLF, also cut between CR and LF', () => {
    const parser = new EventParser()
    expect([...parser.push('event: x\r\ndata: 1\r'), ...parser.push('\n\r\n')]).toEqual([{ kind: 'x', id: null, data: 1 }])
  })
  it('keeps the id over a lost connection, but not half an event', () => {
    const parser = new EventParser()
    parser.push('id: 9\ndata: 1\n\nevent: half\ndata: {"lost"')
    parser.restart()
    expect(parser.lastId).toBe('9')
    expect(parser.push('data: 2\n\n')).toEqual([{ kind: 'message', id: '9', data: 2 }])
  })
  it('hears a reset that says nothing else', () => {
    expect(new EventParser().push('event: reset\n\n')).toEqual([{ kind: 'reset', id: null, data: null }])
  })
  it('keeps text that is not JSON', () => expect(new EventParser().push('data: hello\n\n')[0]?.data).toBe('hello'))
})

describe('a list that is kept fresh', () => {
  it('reads its first page again once for many events, and a later page never', () => {
    vi.useFakeTimers()
    setActivePinia(createPinia())
    let happens: (event: LiveEvent) => void = () => {}
    const on = vi.spyOn(useLive(), 'on').mockImplementation((_, listener) => {
      happens = listener
      return () => {}
    })
    const list = { page: ref(1), reload: vi.fn(async () => {}) }
    effectScope().run(() => useLiveList(['ticket'], list, 1_000))
    expect(on.mock.calls[0]![0]).toEqual(['ticket', 'reset'])
    const event = { kind: 'ticket', id: null, data: null }
    for (let n = 0; n < 5; n += 1) happens(event)
    vi.advanceTimersByTime(3_000)
    expect(list.reload).toHaveBeenCalledTimes(1)
    list.page.value = 2
    happens(event)
    vi.advanceTimersByTime(3_000)
    expect(list.reload).toHaveBeenCalledTimes(1)
    vi.useRealTimers()
  })
})
