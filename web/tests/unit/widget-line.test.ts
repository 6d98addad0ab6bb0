import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { LiveEvent } from '@/live/sse'
import { CHECK_MS, Line, pauseOf, SILENCE_MS, UNPROVEN_MS, type LineState } from '../../widget/app/line'

interface Stream {
  send(text: string): void
  close(): void
  signal: AbortSignal
}

function lineOf(refuse: (n: number) => Error | null = () => null) {
  const streams: Stream[] = []
  const heard: LiveEvent[] = []
  const states: LineState[] = []
  const catchUp = vi.fn(async () => {})
  let n = 0
  const line = new Line({
    open: async (signal) => {
      const error = refuse(n)
      n += 1
      if (error) throw error
      let control!: ReadableStreamDefaultController<Uint8Array>
      const stream = new ReadableStream<Uint8Array>({ start: (c) => void (control = c) })
      streams.push({ signal, send: (text) => control.enqueue(new TextEncoder().encode(text)), close: () => control.close() })
      return stream
    },
    catchUp,
    hear: (event) => heard.push(event),
    tell: (state) => states.push(state),
    isGone: (error) => (error as Error).message === 'gone',
    asked: (error) => ((error as Error).message === 'busy' ? 30_000 : 0),
    random: () => 0.5,
  })
  return { line, streams, heard, states, catchUp, opened: () => n }
}
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms)

describe('the line of the widget', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it('hears, and fetches beside the stream what may have fallen between', async () => {
    const { line, streams, heard, states, catchUp } = lineOf()
    line.start()
    await pass(0)
    expect(states).toEqual(['open'])
    expect(catchUp).toHaveBeenCalledTimes(1)
    streams[0]!.send('id: 3\nevent: message\ndata: {"seq":3}\n\n')
    await pass(0)
    expect(heard).toEqual([{ kind: 'message', id: '3', data: { seq: 3 } }])
    line.stop()
  })

  it('does not believe a stream that is silent', async () => {
    const { line, streams, states, opened } = lineOf()
    line.start()
    await pass(0)
    streams[0]!.send(': beat\n\n')
    await pass(SILENCE_MS - 1_000)
    expect(opened()).toBe(1)
    streams[0]!.send(': beat\n\n')
    await pass(SILENCE_MS - 1_000)
    expect(opened()).toBe(1)
    await pass(1_000 + pauseOf(0, 0.5))
    expect(opened()).toBe(2)
    expect(streams[0]!.signal.aborted).toBe(true)
    expect(states).toEqual(['open', 'lost', 'open'])
    line.stop()
  })

  it('asks now and then though the stream lives', async () => {
    const { line, streams, catchUp } = lineOf()
    line.start()
    for (let ms = 0; ms <= CHECK_MS; ms += 15_000) {
      await pass(ms === 0 ? 0 : 15_000)
      streams[0]!.send(': beat\n\n')
    }
    await pass(0)
    expect(catchUp).toHaveBeenCalledTimes(2)
    line.stop()
  })

  it('asks beside a stream that a proxy holds back', async () => {
    const { line, streams, catchUp } = lineOf()
    line.start()
    await pass(UNPROVEN_MS * 2 + 100)
    expect(catchUp).toHaveBeenCalledTimes(3)
    streams[0]!.send(': beat\n\n')
    await pass(UNPROVEN_MS * 2)
    expect(catchUp).toHaveBeenCalledTimes(3)
    line.stop()
  })

  it('comes back after every break, less and less often', async () => {
    const { line, opened, catchUp, states } = lineOf((n) => (n < 5 ? new Error('down') : null))
    line.start()
    await pass(0)
    const at: number[] = []
    for (let s = 0, before = 1; s < 40; s += 1) {
      await pass(1_000)
      if (opened() > before) at.push(s + 1)
      before = opened()
    }
    expect(at).toEqual([1, 3, 7, 15, 30])
    expect(states).toEqual(['lost', 'open'])
    // Where streams are not let through, messages come nevertheless.
    expect(catchUp.mock.calls.length).toBeGreaterThanOrEqual(5)
    line.stop()
  })

  it('waits as long as the server asks', async () => {
    const { line, opened } = lineOf((n) => (n === 0 ? new Error('busy') : null))
    line.start()
    await pass(29_000)
    expect(opened()).toBe(1)
    await pass(1_100)
    expect(opened()).toBe(2)
    line.stop()
  })

  it('ends when the visitor is not known any more', async () => {
    const { line, states, opened } = lineOf(() => new Error('gone'))
    line.start()
    await pass(60_000)
    expect(states).toEqual(['gone'])
    expect(opened()).toBe(1)
  })

  it('does not wait when the network is back', async () => {
    const { line, opened } = lineOf((n) => (n < 4 ? new Error('down') : null))
    line.start()
    for (let n = 0; n < 4; n += 1) {
      await pass(0)
      line.nudge()
    }
    await pass(0)
    expect(opened()).toBe(5)
    line.stop()
  })
})
