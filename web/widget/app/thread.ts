// What was said, in the order of the server, and what is on its way, in the order it was written. Pure.
import type { Message } from './types'

export interface Outgoing {
  client_id: string
  text: string
  file: File | null
  at: string
  state: 'queued' | 'sending' | 'failed' | 'refused'
  /** 0 to 1, of a file. */
  progress: number
  /** Why it failed, a key of the words. */
  why: string | null
}

export type Entry = { key: string; message: Message; outgoing: null } | { key: string; message: null; outgoing: Outgoing }

interface Placed {
  /** Which conversation of this visitor: numbers may begin anew in the next one. */
  turn: number
  message: Message
}

export class Thread {
  private placed: Placed[] = []
  private waiting: Outgoing[] = []
  private readonly ids = new Set<string>()
  private readonly clientIds = new Set<string>()
  private turn = 0
  private conversation: string | null = null
  /** Up to this number nothing is missing: what to ask for is what comes after. */
  complete = 0

  /** Says which conversation is meant from now on; true when it is another than before. */
  enter(conversation: string | null): boolean {
    if (conversation === null || conversation === this.conversation) return false
    const another = this.conversation !== null
    this.conversation = conversation
    if (another) {
      this.turn += 1
      this.complete = 0
    }
    return another
  }

  /** From where to read on, as the server says it. */
  get place(): string {
    return this.conversation === null ? '0' : `${this.conversation}.${this.complete}`
  }
  /** Whether it stands in the conversation that is meant. */
  isHere(message: Message): boolean {
    return message.conversation_id === this.conversation
  }

  /** All that there is from `complete` on up to `upTo`. */
  fetched(messages: readonly Message[], upTo = 0): Message[] {
    this.complete = Math.max(this.complete, upTo, ...messages.map(({ seq }) => seq))
    return this.merge(messages)
  }

  /** One that came by itself; `gap` when something before it may have been lost on the way. */
  live(message: Message): { fresh: Message[]; gap: boolean } {
    const gap = message.seq > this.complete + 1
    if (!gap) this.complete = Math.max(this.complete, message.seq)
    return { fresh: this.merge([message]), gap }
  }

  /** Takes messages however often and in whatever order they come; gives those that are new. */
  private merge(messages: readonly Message[]): Message[] {
    const fresh: Message[] = []
    for (const message of messages) {
      if (this.ids.has(message.id)) continue
      const own = message.from === 'me' ? message.client_id : null
      if (own !== null && this.clientIds.has(own)) continue
      this.ids.add(message.id)
      if (own !== null) {
        this.clientIds.add(own)
        this.waiting = this.waiting.filter((one) => one.client_id !== own)
      }
      let at = this.placed.length
      while (at > 0 && this.after(this.placed[at - 1]!, message.seq)) at -= 1
      this.placed.splice(at, 0, { turn: this.turn, message })
      fresh.push(message)
    }
    return fresh
  }

  private after(placed: Placed, seq: number): boolean {
    return placed.turn === this.turn && placed.message.seq > seq
  }

  add(outgoing: Outgoing): void {
    if (!this.clientIds.has(outgoing.client_id)) this.waiting.push(outgoing)
  }
  drop(clientId: string): void {
    this.waiting = this.waiting.filter((one) => one.client_id !== clientId)
  }
  outgoing(clientId: string): Outgoing | undefined {
    return this.waiting.find((one) => one.client_id === clientId)
  }
  /** The one whose turn it is: a later one never overtakes an earlier that may still arrive. */
  next(): Outgoing | undefined {
    const first = this.waiting.find((one) => one.state !== 'refused')
    return first?.state === 'queued' ? first : undefined
  }
  get pending(): readonly Outgoing[] {
    return this.waiting
  }

  get entries(): Entry[] {
    return [
      ...this.placed.map(({ message }): Entry => ({ key: (message.from === 'me' && message.client_id) || message.id, message, outgoing: null })),
      ...this.waiting.map((outgoing): Entry => ({ key: outgoing.client_id, message: null, outgoing })),
    ]
  }
  /** What I wrote in this conversation, and what is on its way to it. */
  get myWords(): string {
    const said = this.placed.filter(({ turn, message }) => turn === this.turn && message.from === 'me').map(({ message }) => message.text)
    return [...said, ...this.waiting.map(({ text }) => text)].filter(Boolean).join('\n')
  }
  /** The highest number of theirs in this conversation. */
  get lastTheirs(): number {
    return this.placed.reduce((most, { turn, message }) => (turn === this.turn && message.from !== 'me' ? Math.max(most, message.seq) : most), 0)
  }
  /** How many of the agent's come after what was read. */
  unread(read: number): number {
    return this.placed.filter(({ turn, message }) => turn === this.turn && message.from === 'agent' && message.seq > read).length
  }
  /** The last of mine that the agent has read. */
  readByAgent(seq: number): string | null {
    const read = this.placed.filter(({ turn, message }) => turn === this.turn && message.from === 'me' && message.seq <= seq).pop()
    return read ? read.message.client_id || read.message.id : null
  }
}
