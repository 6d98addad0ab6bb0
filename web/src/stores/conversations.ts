import { defineStore } from 'pinia'
import { computed, reactive, ref, shallowReactive, shallowRef, watch } from 'vue'
import * as api from '@/api/channels'
import type { Conversation, ConversationNews } from '@/api/channels'
import { P } from '@/api/permissions'
import { asProblem, type Problem } from '@/api/problem'
import type { Id } from '@/api/types'
import { byUrgency } from '@/features/channels/standing'
import { createThread, type Thread } from '@/features/channels/thread'
import { chime, MESSAGE } from '@/lib/chime'
import { serverNow } from '@/lib/clock'
import { useLive } from './live'
import { useSession } from './session'

/** Threads kept for coming back to, beside those in hand. */
const THREADS = 12
const KNOWN = 600
/** A ring whose end was not heard is asked about so long after it. */
const RING_GRACE_MS = 1_500
const READ_AFTER_MS = 400
const DRAFTS_KEY = 'shoujie.chat_drafts'

/** An approved text as it was picked; it goes out under its name only while it stands unchanged. */
export interface Picked { citation: string; number: string; n: number; text: string; effective_at: string | null }
export interface DraftText { text: string; note: boolean; script: Picked | null }

/** The conversations in my hand, from whichever page; and each that was looked at. The server decides; this mirrors. */
export const useConversations = defineStore('conversations', () => {
  const session = useSession()
  const known = shallowReactive(new Map<Id, Conversation>())
  const threads = new Map<Id, Thread>()
  /** Until when a requester is typing. */
  const typing = shallowReactive(new Map<Id, string>())
  const drafts = reactive(new Map<Id, DraftText>())
  /** The one that is in sight, to its end. */
  const looking = ref<Id | null>(null)
  /** Rises when some list may have changed. */
  const news = ref(0)
  const loaded = ref(false)
  const problem = shallowRef<Problem | null>(null)
  const rings = new Map<Id, ReturnType<typeof setTimeout>>()
  const me = computed(() => session.user?.id ?? null)

  const hand = computed(() =>
    [...known.values()].filter((one) => one.state !== 'closed' && (one.offered_to_me || (one.agent !== null && one.agent.id === me.value))).sort(byUrgency),
  )
  const offer = computed(() => hand.value.find((one) => one.offered_to_me && one.state === 'waiting') ?? null)
  const unread = computed(() => hand.value.reduce((sum, one) => sum + one.unread, 0))

  const declined = new Set<string>()
  /** What I declined rings no more, nor what nobody told the end of. */
  function ringsYet(one: Conversation): boolean {
    if (!one.offered_to_me || declined.has(`${one.id} ${one.offered_until}`)) return false
    return one.offered_until === null || Date.parse(one.offered_until) + RING_GRACE_MS > serverNow()
  }

  /** Takes what the server says of one; an older word than what stands here is dropped. */
  function put(one: Conversation): Conversation {
    const before = known.get(one.id)
    if (before && before.version > one.version) return before
    // Of what is in sight nothing is unread, even before the server heard that.
    const now = { ...one, ...(looking.value === one.id ? { unread: 0 } : {}), offered_to_me: ringsYet(one) }
    known.delete(one.id)
    known.set(one.id, now)
    if (known.size > KNOWN) {
      const mine = new Set(hand.value.map((held) => held.id))
      const oldest = [...known.keys()].find((id) => !mine.has(id))
      if (oldest) known.delete(oldest)
    }
    watchRing(now, before?.offered_to_me ?? false)
    // Lines of the system are told by the state alone.
    const thread = threads.get(one.id)
    if (thread?.loaded.value && one.last_seq > thread.lastSeq()) void thread.catchUp()
    return now
  }
  function patch(id: Id, part: Partial<Conversation>): void {
    const one = known.get(id)
    if (one) known.set(id, { ...one, ...part })
  }
  function watchRing(one: Conversation, rang: boolean): void {
    if (!one.offered_to_me) {
      clearTimeout(rings.get(one.id))
      rings.delete(one.id)
      return
    }
    if (!rang) chime(`chat.${one.id}`)
    if (rings.has(one.id) || !one.offered_until) return
    rings.set(one.id, setTimeout(() => {
      rings.delete(one.id)
      void read(one.id)
    }, Math.max(0, Date.parse(one.offered_until) - serverNow()) + RING_GRACE_MS))
  }

  async function read(id: Id): Promise<Conversation | null> {
    try {
      return put(await api.conversation(id))
    } catch {
      return known.get(id) ?? null
    }
  }
  const due = new Map<Id, ReturnType<typeof setTimeout>>()
  /** Reads it again in a moment, once for many events. */
  function readSoon(id: Id): void {
    if (due.has(id)) return
    due.set(id, setTimeout(() => {
      due.delete(id)
      void read(id)
    }, 250))
  }

  async function refresh(): Promise<void> {
    const answers = session.can(P.answerConversations)
    try {
      const [mine, waiting] = await Promise.all([
        answers ? api.conversations({ mine: true, open: true, per_page: 100 }) : null,
        answers ? api.conversations({ state: 'waiting', per_page: 50 }) : null,
      ])
      const found = [...(mine?.items ?? []), ...(waiting?.items ?? [])]
      // What is in hand here and no longer there was ended or given away meanwhile.
      const there = new Set(found.map((one) => one.id))
      const gone = hand.value.filter((one) => !there.has(one.id))
      found.forEach(put)
      gone.forEach((one) => readSoon(one.id))
      loaded.value = true
      problem.value = null
      news.value += 1
    } catch (error) {
      problem.value = asProblem(error)
    }
  }
  function catchUpAll(): void {
    void refresh()
    for (const thread of threads.values()) {
      if (thread.loaded.value) void thread.catchUp()
      thread.resume()
    }
  }

  function thread(id: Id): Thread {
    let one = threads.get(id)
    if (one) threads.delete(id)
    one ??= createThread(id)
    threads.set(id, one)
    if (threads.size > THREADS) {
      const mine = new Set(hand.value.map((held) => held.id))
      const old = [...threads.entries()].find(([key, value]) => key !== id && !mine.has(key) && value.pending.value.length === 0)
      if (old) threads.delete(old[0])
    }
    return one
  }

  function heard(event: ConversationNews): void {
    const { id } = event
    const one = known.get(id)
    switch (event.what) {
      case 'typing':
        return void (event.until && typing.set(id, event.until))
      case 'read':
        return one && patch(id, {
          requester_read_seq: Math.max(one.requester_read_seq, event.requester_read_seq ?? 0), agent_read_seq: Math.max(one.agent_read_seq, event.agent_read_seq ?? 0),
          unread: event.unread ?? one.unread,
        })
      case 'delivery':
        return void (event.message_id && threads.get(id)?.delivered(event.message_id, event.delivery ?? null, event.delivery_error ?? null))
      case 'message':
        return said(event, one)
      case 'ring_over':
        if (one) patch(id, { offered_to_me: false, offered_until: null })
    }
    news.value += 1
    if (one || event.agent_id === me.value || event.what === 'offered') readSoon(id)
  }
  function said({ id, message, agent_id }: ConversationNews, one: Conversation | undefined): void {
    if (message) threads.get(id)?.take(message)
    else void (threads.get(id)?.loaded.value && threads.get(id)!.catchUp())
    if (!one) {
      news.value += 1
      if (agent_id === me.value) readSoon(id)
      return
    }
    if (message && message.seq > one.last_seq) {
      const inbound = message.direction === 'in'
      if (inbound) typing.delete(id)
      const seen = looking.value === id && document.visibilityState === 'visible'
      patch(id, {
        last_seq: message.seq, last_at: message.at,
        ...(message.text && (inbound || message.direction === 'out') ? { last_text: message.text } : {}),
        ...(inbound ? { unanswered_since: one.unanswered_since ?? message.at } : {}),
        ...(message.direction === 'out' ? { unanswered_since: null } : {}),
        ...(inbound && !seen ? { unread: one.unread + 1 } : {}),
      })
      if (inbound && !seen && one.agent?.id === me.value && one.state !== 'waiting') chime(`chat.${id}.${message.seq}`, MESSAGE)
    }
    // Window and quota move with every message.
    readSoon(id)
  }

  const reading = new Map<Id, ReturnType<typeof setTimeout>>()
  /** The conversation is in sight to its end: what was written is read. */
  function seen(id: Id): void {
    const one = known.get(id)
    if (!one || one.agent?.id !== me.value || one.state === 'closed') return
    const last = threads.get(id)?.lastSeq() ?? 0
    if (last <= one.agent_read_seq && one.unread === 0) return
    patch(id, { unread: 0, agent_read_seq: Math.max(last, one.agent_read_seq) })
    clearTimeout(reading.get(id))
    reading.set(id, setTimeout(() => void api.markRead(id, last).catch(() => {}), READ_AFTER_MS))
  }

  async function doing(id: Id, work: (id: Id) => Promise<Conversation>): Promise<Conversation> {
    try {
      const one = put(await work(id))
      news.value += 1
      return one
    } catch (error) {
      // Whoever was faster: what stands now is shown with the refusal.
      await read(id)
      throw error
    }
  }
  const accept = (id: Id) => doing(id, api.accept)
  const takeUp = (id: Id) => doing(id, api.takeUp)
  /** It rings on at the next one; here it is over. */
  async function decline(id: Id): Promise<void> {
    const ring = `${id} ${known.get(id)?.offered_until}`
    await api.decline(id)
    declined.add(ring)
    patch(id, { offered_to_me: false, offered_until: null })
    readSoon(id)
  }
  const end = (id: Id) => doing(id, api.end)
  const close = (id: Id) => doing(id, api.close)
  const transfer = (id: Id, body: Parameters<typeof api.transfer>[1]) => doing(id, (one) => api.transfer(one, body))

  async function send(id: Id, words: Parameters<Thread['send']>[0]): Promise<void> {
    await thread(id).send(words)
    readSoon(id)
  }

  const draft = (id: Id): DraftText => drafts.get(id) ?? { text: '', note: false, script: null }
  function write(id: Id, part: Partial<DraftText>): void {
    const now = { ...draft(id), ...part }
    if (now.text || now.note) drafts.set(id, now)
    else drafts.delete(id)
    keep()
  }
  /** What was typed outlives a reload of the tab, for the same person. */
  function keep(): void {
    if (typeof sessionStorage !== 'undefined') sessionStorage.setItem(DRAFTS_KEY, JSON.stringify({ of: me.value, drafts: [...drafts] }))
  }
  function recall(): void {
    const kept = typeof sessionStorage === 'undefined' ? null : sessionStorage.getItem(DRAFTS_KEY)
    if (!kept) return
    const { of, drafts: found } = JSON.parse(kept) as { of: Id | null; drafts: [Id, DraftText][] }
    if (of === me.value) for (const [id, draft] of found) drafts.set(id, draft)
    else sessionStorage.removeItem(DRAFTS_KEY)
  }

  let off: (() => void)[] = []
  function start(): void {
    if (off.length || !session.can(P.viewConversations)) return
    const live = useLive()
    let lost = false
    recall()
    off = [
      live.on(['conversation'], (event) => heard(event.data as ConversationNews)),
      live.on(['reset'], catchUpAll),
      // A line that came back may have resumed past what this page never heard: look for gaps all the same.
      watch(() => live.status, (status) => {
        if (status === 'lost') lost = true
        else if (status === 'open' && lost) {
          lost = false
          catchUpAll()
        }
      }),
    ]
    void refresh()
  }
  function stop(): void {
    off.forEach((undo) => undo())
    off = []
    for (const timer of [...rings.values(), ...due.values(), ...reading.values()]) clearTimeout(timer)
    rings.clear()
    due.clear()
    known.clear()
    for (const thread of threads.values()) thread.halt()
    threads.clear()
    typing.clear()
    declined.clear()
    drafts.clear()
    looking.value = null
    loaded.value = false
  }

  return { known, hand, offer, unread, looking, news, loaded, problem, me, put, read, refresh, thread, typing, heard, seen, accept, decline, takeUp, end, close, transfer, send, draft, write, start, stop }
})
