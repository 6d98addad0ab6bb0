// Conversations over the channels, and the channels themselves. The schema does not know these roads yet: the types stand
// here by hand, in the words of the contract, until they come generated.
import { api, type Filters, listing, take } from './client'
import type { Colleague, ContactRecord, Id, Page, PastContact, Requester, RequestType, Result, Satisfaction, Ticket, Timestamp } from './types'

interface Roads {
  GET(path: string, init?: object): Promise<{ data?: unknown; error?: unknown; response: Response }>
  PUT: Roads['GET']
  POST: Roads['GET']
}
const roads = api as unknown as Roads
const path = (id: Id) => ({ params: { path: { id } } })
const got = <T>(asked: ReturnType<Roads['GET']>): Promise<T> => take(asked) as Promise<T>

export const CHANNEL_KINDS = ['web', 'wechat_oa', 'wechat_kf', 'qq_bot', 'onebot', 'email', 'sms', 'manual'] as const
export type ChannelKind = (typeof CHANNEL_KINDS)[number]
export const CONVERSATION_STATES = ['waiting', 'active', 'wrap_up', 'left', 'closed'] as const
export type ConversationState = (typeof CONVERSATION_STATES)[number]
export type EndReason = 'self_service' | 'requester' | 'agent' | 'idle' | 'no_agent' | 'after_hours' | 'abandoned' | 'blocked'
export type WindowBlock = 'reply_window_closed' | 'reply_quota_used'

/** How long and how often the platform still takes a reply. */
export interface ReplyWindow { expires_at: Timestamp | null; left: number | null; blocked: WindowBlock | null }

export interface Conversation {
  id: Id
  number: string
  channel: string
  channel_name: string
  channel_kind: ChannelKind
  queue: string | null
  state: ConversationState
  requester: Requester | null
  nickname: string | null
  agent: Colleague | null
  offered_to_me: boolean
  offered_until: Timestamp | null
  subject: string | null
  last_text: string
  last_at: Timestamp
  last_seq: number
  unread: number
  opened_at: Timestamp
  /** Since when it waits, or waited. */
  waiting_since: Timestamp
  accepted_at: Timestamp | null
  first_response_at: Timestamp | null
  ended_at: Timestamp | null
  end_reason: EndReason | null
  unanswered_since: Timestamp | null
  window: ReplyWindow | null
  wrap_up_ends_at: Timestamp | null
  satisfaction: Satisfaction | null
  satisfaction_words: string | null
  /** The ticket that stands for what was left. */
  ticket_id: Id | null
  requester_read_seq: number
  agent_read_seq: number
  version: number
}

export type Direction = 'in' | 'out' | 'note' | 'system'
export type MessageKind = 'text' | 'image' | 'voice' | 'video' | 'file' | 'location' | 'link' | 'event' | 'code'
export type DeliveryState = 'pending' | 'sent' | 'failed' | 'dead'
export interface MessageFile { id: Id; name: string; media_type: string; bytes: number }
export interface Message {
  id: Id
  seq: number
  direction: Direction
  kind: MessageKind
  text: string
  file: MessageFile | null
  author: Colleague | null
  at: Timestamp
  delivery: DeliveryState | null
  delivery_error: string | null
  /** "<id>@<version>" of the approved script that was sent. */
  article: string | null
  client_id: string | null
}
export interface Messages { items: Message[]; more: boolean }

/** What a live event `conversation` says. Those who supervise hear of states only. */
export interface ConversationNews {
  id: Id
  what: 'offered' | 'ring_over' | 'message' | 'state' | 'read' | 'typing' | 'delivery'
  state: ConversationState
  agent_id?: Id | null
  channel?: string
  seq?: number
  message?: Message | null
  until?: Timestamp | null
  requester_read_seq?: number
  agent_read_seq?: number
  unread?: number
  message_id?: Id
  delivery?: DeliveryState
  delivery_error?: string | null
}

export interface ConversationPop { requester: Requester; calls: PastContact[]; tickets: Ticket[]; contact_record: ContactRecord }

/** The most a message may say, in characters. */
export const MOST_TEXT = 2000

export const conversations = (filters: Filters) => got<Page<Conversation>>(roads.GET('/api/v1/conversations', listing(filters)))
export const conversation = (id: Id) => got<Conversation>(roads.GET('/api/v1/conversations/{id}', path(id)))
export interface Stretch { before?: number; after?: number; limit?: number }
export const messages = (id: Id, stretch: Stretch = {}) =>
  got<Messages>(roads.GET('/api/v1/conversations/{id}/messages', { params: { path: { id }, query: stretch } }))

const post = <T>(verb: string, id: Id, body: object = {}) => got<T>(roads.POST(`/api/v1/conversations/{id}/${verb}`, { ...path(id), body }))
export const accept = (id: Id) => post<Conversation>('accept', id)
export const decline = (id: Id) => post<null>('decline', id)
/** One that was left when nobody was there. */
export const takeUp = (id: Id) => post<Conversation>('take-up', id)
export interface Outgoing { client_id: string; text: string; note?: boolean; article?: string }
export const send = (id: Id, body: Outgoing) => post<Message>('messages', id, body)
export function sendFile(id: Id, clientId: string, file: File): Promise<Message> {
  const form = new FormData()
  form.append('file', file, file.name)
  return got(roads.POST('/api/v1/conversations/{id}/files', {
    params: { path: { id }, query: { client_id: clientId } }, body: form, bodySerializer: (body: unknown) => body as FormData,
  }))
}
/** Sends a one-time code that only the requester sees; read out on a call it shows that both are the same person. */
export const sendCode = (id: Id) => post<Message>('proof', id)
export const markRead = (id: Id, seq: number) => post<null>('read', id, { seq })
export const typing = (id: Id) => post<null>('typing', id)
export const transfer = (id: Id, body: { queue?: string; agent_id?: Id; reason: string }) => post<Conversation>('transfer', id, body)
export const end = (id: Id) => post<Conversation>('end', id)
export const close = (id: Id) => post<Conversation>('close', id)
export const conversationPop = (id: Id) => got<ConversationPop>(roads.GET('/api/v1/conversations/{id}/pop', path(id)))
export const conversationFileAddress = (file: Id): string => `/api/v1/conversation-files/${encodeURIComponent(file)}`

export interface Channel {
  code: string
  name: string
  kind: ChannelKind
  queue: string | null
  enabled: boolean
  settings: Record<string, string>
  /** Their names; what they say is never told again. */
  secrets: string[]
  allow_private: boolean
  /** The address its platform calls; null where it calls none. */
  inbox: string | null
  version: number
}
/** What the account of a kind has to be told. */
export interface KindSetting { name: string; secret: boolean; required: boolean; default: string }
export interface Kind { kind: ChannelKind; settings: KindSetting[] }
export interface ChannelWords {
  /** Null for a new one. */
  version: number | null
  name: string
  kind: ChannelKind
  queue: string | null
  enabled: boolean
  settings: Channel['settings']
  /** Only those that change; null forgets one. */
  secrets?: Record<string, string | null>
  allow_private: boolean
}
export const channels = () => got<{ items: Channel[]; kinds: Kind[] }>(roads.GET('/api/v1/channels'))
export const setChannel = (code: string, body: ChannelWords) => got<Channel>(roads.PUT('/api/v1/channels/{code}', { params: { path: { code } }, body }))

export interface ManualContact {
  channel: string
  phone?: string
  name?: string
  request_type: RequestType | null
  matter: string | null
  result: Result
  summary: string
  ticket_id?: Id
}
export const logContact = (body: ManualContact) =>
  got<{ contact_record_id: Id; ticket_id: Id | null }>(roads.POST('/api/v1/manual-contacts', { body }))
