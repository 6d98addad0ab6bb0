import { defineStore } from 'pinia'
import { onScopeDispose, ref, type Ref } from 'vue'
import { whenAnswered } from '@/api/client'
import { LiveConnection, type LiveMessage, type LiveStatus } from '@/live/connection'
import type { LiveEvent } from '@/live/sse'

type Listener = (event: LiveEvent) => void

interface Link {
  start(): void
  stop(): void
  nudge(): void
}

/** Live events of the server, shared between tabs; `reset` means: read again what you show. */
export const useLive = defineStore('live', () => {
  const status = ref<LiveStatus>('connecting')
  const listeners = new Map<string, Set<Listener>>()
  let link: Link | null = null

  function receive(message: LiveMessage): void {
    if ('status' in message) {
      status.value = message.status
      return
    }
    for (const kind of [message.event.kind, '*']) {
      for (const listener of listeners.get(kind) ?? []) listener(message.event)
    }
  }

  function connect(): Link {
    if (typeof SharedWorker === 'undefined') {
      const connection = new LiveConnection(receive)
      return { start: () => connection.start(), stop: () => connection.stop(), nudge: () => connection.nudge() }
    }
    const worker = new SharedWorker(new URL('../live/worker.ts', import.meta.url), { type: 'module', name: 'shoujie-live' })
    worker.port.onmessage = ({ data }: MessageEvent<LiveMessage>) => receive(data)
    worker.port.start()
    const say = (word: string) => worker.port.postMessage(word)
    addEventListener('pagehide', () => say('leave'))
    addEventListener('pageshow', (event) => event.persisted && say('nudge'))
    return { start: () => say('start'), stop: () => say('stop'), nudge: () => say('nudge') }
  }

  function start(): void {
    link ??= connect()
    link.start()
  }

  function stop(): void {
    link?.stop()
  }

  addEventListener('online', () => link?.nudge())
  // Who waits for the next try need not, once anything else was answered.
  whenAnswered(() => status.value === 'lost' && link?.nudge())

  function on(kinds: string[], listener: Listener): () => void {
    for (const kind of kinds) {
      const set = listeners.get(kind) ?? new Set()
      set.add(listener)
      listeners.set(kind, set)
    }
    return () => {
      for (const kind of kinds) listeners.get(kind)?.delete(listener)
    }
  }

  return { status, start, stop, on }
})

/** Runs `listener` for these kinds of events as long as the component lives. */
export function useLiveEvents(kinds: string[], listener: Listener): void {
  onScopeDispose(useLive().on(kinds, listener))
}

/** Keeps the first page of a list fresh, at most once in `pause` ms; on later pages nothing moves under the reader. */
export function useLiveList(kinds: string[], list: { page: Readonly<Ref<number>>; reload(): Promise<void> }, pause: number): void {
  useLiveEvents([...kinds, 'reset'], throttled(() => void (list.page.value === 1 && list.reload()), pause))
}

/** Refetches at most once in `pause` ms, and once more after the last event. */
export function throttled(work: () => void, pause = 400): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined
  let last = 0
  return () => {
    if (timer !== undefined) return
    const wait = Math.max(60, last + pause - Date.now())
    timer = setTimeout(() => {
      timer = undefined
      last = Date.now()
      work()
    }, wait)
  }
}
