// One visitor on the line: what the server said, what is on its way to it, and what the visitor has seen.
import type { LiveEvent } from '../../src/live/sse'
import { Problem, randomId, waitOf, type Api } from './api'
import { Line, type LineState } from './line'
import type { Memory } from './memory'
import { Thread, type Outgoing } from './thread'
import type { Conversation, Message } from './types'
import type { Word } from './words'

export interface Hooks {
  changed(): void
  /** New words of theirs. */
  news(messages: Message[]): void
  /** The server no longer knows this visitor. */
  gone(): void
}

const RETRY_MS = [2_000, 4_000, 8_000, 15_000]
/** The visitor's typing is told this often at most. */
const TYPING_MS = 4_000
/** A page at a time; what is more than that is older than anybody reads here. */
const PAGES = 50

export class Session {
  conversation: Conversation | null = null
  readonly thread = new Thread()
  readonly line: Line
  typingUntil = 0
  loaded = false
  private seen = false
  private read = 0
  private pumping = false
  private failures = 0
  private retry: ReturnType<typeof setTimeout> | undefined
  private asking: Promise<void> | null = null
  private behind: Promise<void> | null = null
  private typed = 0
  private readonly uploads = new Map<string, AbortController>()

  constructor(private readonly api: Api, private readonly memory: Memory, private readonly hooks: Hooks) {
    this.line = new Line({
      open: (signal) => api.events(this.thread.place, signal),
      catchUp: () => this.catchUp(),
      hear: (event) => this.hear(event),
      tell: (state) => this.told(state),
      isGone,
      asked: (error) => waitOf(error) * 1_000,
    })
  }

  /** Takes up a conversation of which the token is remembered; false when there is none. */
  async resume(): Promise<boolean> {
    const token = this.memory.get('token')
    if (!token) return false
    this.api.token = token
    this.restore()
    try {
      await this.catchUp()
    } catch (error) {
      if (!isGone(error)) throw error
      this.forget()
      return false
    }
    this.line.start()
    void this.pump()
    return true
  }

  begin(token: string, conversation: Conversation): void {
    this.api.token = token
    this.memory.set('token', token)
    this.enter(conversation)
    this.line.start()
  }

  forget(): void {
    this.line.stop()
    clearTimeout(this.retry)
    for (const upload of this.uploads.values()) upload.abort()
    for (const key of ['token', 'outbox', 'read', 'draft']) this.memory.set(key, null)
    this.api.token = null
    this.conversation = null
  }

  private told(state: LineState): void {
    if (state === 'gone') this.hooks.gone()
    if (state === 'open') this.again()
    this.hooks.changed()
  }

  private enter(conversation: Conversation): void {
    const another = this.conversation?.id !== conversation.id
    this.thread.enter(conversation.id)
    if (another) {
      const [id, seq] = (this.memory.get('read') ?? '').split(':')
      this.read = id === conversation.id ? Number(seq) || 0 : 0
    }
    this.conversation = conversation
    if (conversation.state !== 'active') this.typingUntil = 0
    this.hooks.changed()
  }

  /** Fetches where things stand and what came since. What is under way may have left before that what is asked for now
   * was there: another goes behind it, one for all who ask meanwhile. */
  catchUp(): Promise<void> {
    if (!this.asking) return (this.asking = this.fetch().finally(() => (this.asking = null)))
    this.behind ??= this.asking.catch(() => {}).then(() => {
      this.behind = null
      return this.catchUp()
    })
    return this.behind
  }

  private async fetch(): Promise<void> {
    const now = await this.api.current()
    this.enter(now)
    if (!this.loaded || now.last_seq > this.thread.complete) {
      for (let page = 0; page < PAGES; page += 1) {
        const { items, more } = await this.api.messages(this.thread.place)
        const here = items.filter((message) => this.thread.isHere(message))
        const another = here.length < items.length
        this.arrived(this.thread.fetched(here, more || another ? 0 : now.last_seq))
        // The next conversation began between the two questions: it is asked for with the next look.
        if (another) setTimeout(() => this.line.nudge(), 1_000)
        if (!more || another) break
      }
    }
    this.loaded = true
    this.hooks.changed()
  }

  private hear({ kind, data }: LiveEvent): void {
    switch (kind) {
      case 'message':
        this.receive(data as Message)
        break
      case 'state': {
        this.enter(data as Conversation)
        // What is being fetched is older than this.
        if (this.asking) this.quietly(this.catchUp())
        // The message itself is mostly right behind.
        setTimeout(() => {
          if ((this.conversation?.last_seq ?? 0) > this.thread.complete) this.quietly(this.catchUp())
        }, 1_500)
        break
      }
      case 'typing': {
        // Clocks differ: by the length of it, not by the hour.
        const left = Date.parse((data as { until: string }).until) - Date.now()
        this.typingUntil = Date.now() + Math.min(Math.max(left || 0, 3_000), 10_000)
        setTimeout(() => this.hooks.changed(), this.typingUntil - Date.now() + 50)
        this.hooks.changed()
        break
      }
      case 'read':
        if (this.conversation) this.conversation.agent_read_seq = Math.max(this.conversation.agent_read_seq, (data as { seq: number }).seq)
        this.hooks.changed()
        break
      case 'reset':
        this.quietly(this.catchUp())
    }
  }

  private receive(message: Message): void {
    // Before the first word, and after the end, it opens a conversation of which we do not know yet.
    if (!this.thread.isHere(message)) {
      this.quietly(this.catchUp())
      return
    }
    const { fresh, gap } = this.thread.live(message)
    this.arrived(fresh)
    if (gap) this.quietly(this.catchUp())
  }

  private arrived(fresh: Message[]): void {
    if (fresh.some(({ from }) => from === 'agent')) this.typingUntil = 0
    if (fresh.length > 0) {
      this.hooks.news(fresh.filter(({ from }) => from !== 'me'))
      this.save()
    }
    this.look()
    this.hooks.changed()
  }

  get over(): boolean {
    return this.conversation?.state === 'ended' || this.conversation?.state === 'left'
  }
  /** Somebody waits or talks. */
  get going(): boolean {
    return this.conversation?.state === 'waiting' || this.conversation?.state === 'active'
  }
  get unread(): number {
    return this.thread.unread(this.read)
  }

  /** Whether somebody looks at the conversation just now. */
  watch(seen: boolean): void {
    this.seen = seen
    this.look()
  }

  private look(): void {
    const seq = this.thread.lastTheirs
    if (!this.seen || !this.loaded || seq <= this.read || !this.conversation?.id) return
    this.read = seq
    this.memory.set('read', `${this.conversation.id}:${seq}`)
    this.quietly(this.api.read(seq))
    this.hooks.changed()
  }

  typing(): void {
    if (this.conversation?.state !== 'active' || Date.now() - this.typed < TYPING_MS) return
    this.typed = Date.now()
    this.quietly(this.api.typing())
  }

  send(text: string, file: File | null = null): void {
    this.thread.add({ client_id: randomId(), text, file, at: new Date().toISOString(), state: 'queued', progress: 0, why: null })
    this.save()
    this.hooks.changed()
    void this.pump()
  }
  resend(clientId: string): void {
    const one = this.thread.outgoing(clientId)
    if (one) Object.assign(one, { state: 'queued', why: null })
    this.hooks.changed()
    void this.pump()
  }
  drop(clientId: string): void {
    this.uploads.get(clientId)?.abort()
    this.thread.drop(clientId)
    this.save()
    this.hooks.changed()
    void this.pump()
  }

  private async pump(): Promise<void> {
    if (this.pumping) return
    this.pumping = true
    for (let one = this.thread.next(); one; one = this.thread.next()) {
      one.state = 'sending'
      this.hooks.changed()
      try {
        const message = await this.post(one)
        this.failures = 0
        // It may have opened a conversation: first hear which.
        if (this.thread.isHere(message)) this.receive(message)
        else await this.catchUp()
        this.thread.drop(one.client_id)
      } catch (error) {
        this.failed(one, error)
      }
      this.save()
      this.hooks.changed()
    }
    this.pumping = false
  }

  private async post(one: Outgoing): Promise<Message> {
    if (!one.file) return this.api.send(one.client_id, one.text)
    const abort = new AbortController()
    this.uploads.set(one.client_id, abort)
    try {
      return await this.api.upload(one.client_id, one.file, (part) => {
        one.progress = part
        this.hooks.changed()
      }, abort.signal)
    } finally {
      this.uploads.delete(one.client_id)
    }
  }

  private failed(one: Outgoing, error: unknown): void {
    const { status, code } = error instanceof Problem ? error : Problem.unreachable()
    if (code === 'cancelled') {
      this.thread.drop(one.client_id)
    } else if (isGone(error)) {
      one.state = 'failed'
      this.line.stop()
      this.hooks.gone()
    } else if (status === 0 || status === 408 || status === 429 || status >= 500) {
      // It may have arrived; sent again with the same mark it counts once.
      Object.assign(one, { state: 'failed', why: 'unsent' satisfies Word })
      const pause = RETRY_MS[Math.min(this.failures, RETRY_MS.length - 1)]!
      this.failures += 1
      clearTimeout(this.retry)
      this.retry = setTimeout(() => this.again(), Math.max(pause, waitOf(error) * 1_000))
    } else {
      const why: Word = status === 413 ? 'file_large' : status === 415 ? 'file_type' : one.file ? 'file_unsafe' : 'refused_message'
      Object.assign(one, { state: 'refused', why })
    }
  }

  private again(): void {
    clearTimeout(this.retry)
    for (const one of this.thread.pending) if (one.state === 'failed') one.state = 'queued'
    void this.pump()
  }

  /** Words not yet sent outlive a reload; files cannot. Restored before anything is fetched, which would save anew. */
  private save(): void {
    const texts = this.thread.pending.filter(({ file }) => !file).map(({ client_id, text, at }) => ({ client_id, text, at }))
    this.memory.set('outbox', texts.length > 0 ? JSON.stringify(texts) : null)
  }
  private restore(): void {
    try {
      const kept = JSON.parse(this.memory.get('outbox') ?? '[]') as { client_id: string; text: string; at: string }[]
      for (const { client_id, text, at } of kept) {
        if (this.thread.outgoing(client_id)) continue
        this.thread.add({ client_id: String(client_id), text: String(text), at: String(at), file: null, state: 'queued', progress: 0, why: null })
      }
    } catch {
      this.memory.set('outbox', null)
    }
  }

  async end(): Promise<void> {
    await this.api.end()
    await this.catchUp()
  }

  /** Not worth a word when it fails: it comes again by itself. */
  private quietly(asked: Promise<unknown>): void {
    asked.catch((error: unknown) => {
      if (isGone(error)) {
        this.line.stop()
        this.hooks.gone()
      }
    })
  }
}

export const isGone = (error: unknown): boolean => error instanceof Problem && error.status === 401
