import { describe, expect, it } from 'vitest'
import { EventParser } from '@/live/sse'

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
