// The messages of one conversation: always in the order of their numbers, each once, without a gap that could be filled;
// and what is on its way out, one after the other, so that nothing overtakes.
import { computed, ref, shallowRef } from 'vue'
import * as api from '@/api/channels'
import type { Message } from '@/api/channels'
import { asProblem, type Problem } from '@/api/problem'
import type { Id } from '@/api/types'
import { serverNow } from '@/lib/clock'
import { randomId } from '@/lib/random'

/** Something on its way: it has no number yet and stands below all that have. */
export interface Pending {
  client_id: string
  text: string
  note: boolean
  article: string | null
  file: File | null
  at: number
  state: 'sending' | 'failed' | 'sent'
  problem: Problem | null
  /** Why it leaves although it was held for personal data. */
  release?: string
}
/** It goes out by itself once the server is there again; a second time it would be the same message. */
export const passing = (problem: Problem | null): boolean => problem !== null && (problem.code === 'unreachable' || problem.status >= 500)
const AGAIN_MS = [1_000, 2_000, 5_000, 10_000, 20_000]

export const PAGE = 50
const CATCH_UP = 200
/** More than so many pages behind, one begins anew at the end. */
const MOST_PAGES = 10

/** By number, each once; what was found later is newer. */
export function joined(before: readonly Message[], found: readonly Message[]): Message[] {
  if (found.length === 0) return before as Message[]
  const last = before.at(-1)?.seq ?? 0
  if (found.length === 1 && found[0]!.seq > last) return [...before, found[0]!]
  const all = new Map(before.map((message) => [message.id, message]))
  for (const message of found) all.set(message.id, message)
  return [...all.values()].sort((a, b) => a.seq - b.seq)
}

export function createThread(id: Id) {
  const items = shallowRef<Message[]>([])
  const pending = shallowRef<Pending[]>([])
  const older = ref(false)
  const loaded = ref(false)
  const loading = ref(false)
  const loadingOlder = ref(false)
  const problem = shallowRef<Problem | null>(null)
  let held: Message[] = []
  let catching: Promise<void> | null = null
  let again = false
  let sending = false
  let tries = 0
  let timer: ReturnType<typeof setTimeout> | undefined

  const lastSeq = (): number => items.value.at(-1)?.seq ?? 0
  const shown = computed(() => {
    const arrived = new Set(items.value.map((message) => message.client_id))
    return pending.value.filter((one) => !arrived.has(one.client_id))
  })
  const failed = computed(() => shown.value.some((one) => one.state === 'failed'))

  function put(found: readonly Message[]): void {
    items.value = joined(items.value, found)
    const arrived = new Set(found.map((message) => message.client_id))
    if (pending.value.some((one) => arrived.has(one.client_id))) pending.value = pending.value.filter((one) => !arrived.has(one.client_id))
  }

  async function newest(): Promise<void> {
    loading.value = true
    try {
      const page = await api.messages(id, { limit: PAGE })
      items.value = []
      put(page.items)
      older.value = page.more
      loaded.value = true
      problem.value = null
    } catch (error) {
      problem.value = asProblem(error)
    } finally {
      loading.value = false
    }
  }

  /** Reads what is missing at the end; calls meanwhile are folded into one more look. */
  function catchUp(): Promise<void> {
    if (catching) {
      again = true
      return catching
    }
    catching = (loaded.value ? since() : newest()).finally(() => {
      catching = null
      if (held.length) {
        const late = held
        held = []
        if (loaded.value) put(late)
      }
      if (again) {
        again = false
        void catchUp()
      }
    })
    return catching
  }
  async function since(): Promise<void> {
    try {
      for (let page = 0; page < MOST_PAGES; page++) {
        const found = await api.messages(id, { after: lastSeq(), limit: CATCH_UP })
        put(found.items)
        problem.value = null
        if (!found.more || found.items.length === 0) return
      }
      await newest()
    } catch (error) {
      problem.value = asProblem(error)
    }
  }

  async function earlier(): Promise<void> {
    const first = items.value[0]?.seq
    if (!older.value || loadingOlder.value || first === undefined) return
    loadingOlder.value = true
    try {
      const page = await api.messages(id, { before: first, limit: PAGE })
      put(page.items)
      older.value = page.more
    } catch (error) {
      problem.value = asProblem(error)
    } finally {
      loadingOlder.value = false
    }
  }

  /** A message that was told live. One that leaves a gap waits until the gap is read. */
  function take(message: Message): void {
    if (!loaded.value) return void (catching && (again = true))
    const first = items.value[0]?.seq ?? 0
    if (message.seq < first && older.value) return
    if (message.seq <= lastSeq() + 1) put([message])
    else {
      held.push(message)
      void catchUp()
    }
  }

  /** How far one of ours has come. */
  function delivered(messageId: Id, delivery: Message['delivery'], delivery_error: string | null): void {
    items.value = items.value.map((one) => (one.id === messageId ? { ...one, delivery, delivery_error } : one))
  }

  function change(clientId: string, part: Partial<Pending>): void {
    pending.value = pending.value.map((one) => (one.client_id === clientId ? { ...one, ...part } : one))
  }
  /** One at a time; the first that fails holds back those behind it. */
  async function run(): Promise<void> {
    if (sending) return
    sending = true
    try {
      for (let one = next(); one; one = next()) {
        try {
          const { client_id, text, note, article, file, release } = one
          const sent = file
            ? await api.sendFile(id, client_id, file)
            : await api.send(id, { client_id, text, ...(note ? { note } : {}), ...(article ? { article } : {}), ...(release ? { release } : {}) })
          tries = 0
          change(client_id, { state: 'sent' })
          take(sent)
        } catch (error) {
          const problem = asProblem(error)
          change(one.client_id, { problem })
          if (passing(problem)) timer = setTimeout(() => void retry(), AGAIN_MS[Math.min(tries++, AGAIN_MS.length - 1)])
          pending.value = pending.value.map((other) => (other.state === 'sending' ? { ...other, state: 'failed' } : other))
        }
      }
    } finally {
      sending = false
    }
  }
  const next = (): Pending | undefined => pending.value.find((one) => one.state === 'sending')

  function send(words: { text?: string; note?: boolean; article?: string | null; file?: File }): Promise<void> {
    const one: Pending = {
      client_id: randomId(), text: words.text ?? '', note: words.note ?? false, article: words.article ?? null, file: words.file ?? null, at: serverNow(),
      // Behind something that failed it waits for the same retry.
      state: failed.value ? 'failed' : 'sending', problem: null,
    }
    pending.value = [...pending.value, one]
    return run()
  }
  function retry(): Promise<void> {
    clearTimeout(timer)
    pending.value = pending.value.map((one) => (one.state === 'failed' ? { ...one, state: 'sending', problem: null } : one))
    return run()
  }
  /** Lets one go that was held; it is written down. */
  function letGo(clientId: string, release: string): Promise<void> {
    change(clientId, { release })
    return retry()
  }
  /** The line is back. */
  function resume(): void {
    if (pending.value.some((one) => one.state === 'failed' && passing(one.problem))) void retry()
  }
  const halt = (): void => clearTimeout(timer)
  function drop(clientId: string): Pending | undefined {
    const one = pending.value.find((other) => other.client_id === clientId)
    pending.value = pending.value.filter((other) => other.client_id !== clientId)
    return one
  }

  return { id, items, pending: shown, failed, older, loaded, loading, loadingOlder, problem, lastSeq, catchUp, earlier, take, delivered, send, retry, letGo, resume, halt, drop }
}

export type Thread = ReturnType<typeof createThread>
