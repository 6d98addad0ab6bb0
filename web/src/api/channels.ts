// Conversations over the channels, and the channels themselves.
import { api, type Filters, listing, type Sent, take } from './client'
import type { components } from './schema'
import type { AgentStateName, ContactRecord, Id, Page, PastContact, Requester, RequestType, Result, Satisfaction, Ticket, Timestamp } from './types'

type S = components['schemas']
type With<T, U> = Omit<T, keyof U> & U
const path = (id: Id) => ({ params: { path: { id } } })

export const CHANNEL_KINDS = ['web', 'wechat_oa', 'wechat_kf', 'qq_bot', 'onebot', 'email', 'sms', 'manual'] as const
export type ChannelKind = (typeof CHANNEL_KINDS)[number]
export const CONVERSATION_STATES = ['waiting', 'active', 'wrap_up', 'left', 'closed'] as const
export type ConversationState = (typeof CONVERSATION_STATES)[number]
export type EndReason = 'self_service' | 'requester' | 'agent' | 'idle' | 'no_agent' | 'after_hours' | 'abandoned' | 'blocked'
export type WindowBlock = 'reply_window_closed' | 'reply_quota_used'

/** How long and how often the platform still takes a reply. Its name on the wire is shared with a window of the look-ups. */
export interface ReplyWindow { expires_at: Timestamp | null; left: number | null; blocked: WindowBlock | null }

export type Conversation = With<Sent<S['ConversationView']>, {
  channel_kind: ChannelKind
  state: ConversationState
  end_reason: EndReason | null
  satisfaction: Satisfaction | null
  window: ReplyWindow | null
}>

export type Direction = 'in' | 'out' | 'note' | 'system'
export type MessageKind = 'text' | 'image' | 'voice' | 'video' | 'file' | 'location' | 'link' | 'event' | 'code'
export type DeliveryState = 'pending' | 'sent' | 'failed' | 'dead'
export type MessageFile = Sent<S['MessageFile']>
export type Message = With<Sent<S['MessageView']>, { direction: Direction; kind: MessageKind; delivery: DeliveryState | null }>
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
  message_seq?: number
  delivery?: DeliveryState
  delivery_error?: string | null
}

export interface ConversationPop { requester: Requester; calls: PastContact[]; tickets: Ticket[]; contact_record: ContactRecord }
/** Somebody a conversation may be handed to, with his state on the floor. */
export type ConversationReceiver = With<Sent<S['ConversationReceiver']>, { state: AgentStateName }>

/** The most a message may say, in characters. */
export const MOST_TEXT = 2000

export const conversations = (filters: Filters) => take(api.GET('/api/v1/conversations', listing(filters))) as Promise<Page<Conversation>>
export const conversation = (id: Id) => take(api.GET('/api/v1/conversations/{id}', path(id))) as Promise<Conversation>
export interface Stretch { before?: number; after?: number; limit?: number }
export const messages = (id: Id, stretch: Stretch = {}) =>
  take(api.GET('/api/v1/conversations/{id}/messages', { params: { path: { id }, query: stretch } })) as Promise<Messages>

export const accept = (id: Id) => take(api.POST('/api/v1/conversations/{id}/accept', path(id))) as Promise<Conversation>
export const decline = (id: Id) => take(api.POST('/api/v1/conversations/{id}/decline', path(id)))
/** One that was left when nobody was there. */
export const takeUp = (id: Id) => take(api.POST('/api/v1/conversations/{id}/take-up', path(id))) as Promise<Conversation>
export type Outgoing = S['NewMessage']
export const send = (id: Id, body: Outgoing) => take(api.POST('/api/v1/conversations/{id}/messages', { ...path(id), body })) as Promise<Message>
export function sendFile(id: Id, clientId: string, file: File): Promise<Message> {
  const form = new FormData()
  form.append('file', file, file.name)
  return take(api.POST('/api/v1/conversations/{id}/files', {
    params: { path: { id }, query: { client_id: clientId } }, body: form as never, bodySerializer: (body: unknown) => body as FormData,
  })) as Promise<Message>
}
/** Sends a one-time code that only the requester sees; read out on a call it shows that both are the same person. */
export const sendCode = (id: Id) => take(api.POST('/api/v1/conversations/{id}/proof', path(id))) as Promise<Message>
export const markRead = (id: Id, seq: number) => take(api.POST('/api/v1/conversations/{id}/read', { ...path(id), body: { seq } }))
export const typing = (id: Id) => take(api.POST('/api/v1/conversations/{id}/typing', path(id)))
export const receivers = (id: Id) => take(api.GET('/api/v1/conversations/{id}/receivers', path(id))) as Promise<{ items: ConversationReceiver[] }>
export const transfer = (id: Id, body: S['Transfer']) => take(api.POST('/api/v1/conversations/{id}/transfer', { ...path(id), body })) as Promise<Conversation>
export const end = (id: Id) => take(api.POST('/api/v1/conversations/{id}/end', path(id))) as Promise<Conversation>
export const close = (id: Id) => take(api.POST('/api/v1/conversations/{id}/close', path(id))) as Promise<Conversation>
export const conversationPop = (id: Id) => take(api.GET('/api/v1/conversations/{id}/pop', path(id))) as Promise<ConversationPop>
export const conversationFileAddress = (file: Id): string => `/api/v1/conversation-files/${encodeURIComponent(file)}`

export type Channel = With<Sent<S['ChannelView']>, { kind: ChannelKind }>
/** What the account of a kind has to be told. */
export type KindSetting = Sent<S['KindSetting']>
export interface Kind { kind: ChannelKind; settings: KindSetting[] }
/** Of the secrets only those that change; null forgets one. */
export type ChannelWords = With<S['ChannelRequest'], { kind: ChannelKind }>
export const channels = () => take(api.GET('/api/v1/channels')) as Promise<{ items: Channel[]; kinds: Kind[] }>
export const setChannel = (code: string, body: ChannelWords) => take(api.PUT('/api/v1/channels/{code}', { params: { path: { code } }, body })) as Promise<Channel>

/** A message of a platform that could not be read. */
export type SetAside = Sent<S['SetAside']>
export const setAsideMessages = (filters: Filters) => take(api.GET('/api/v1/set-aside-messages', listing(filters))) as Promise<Page<SetAside>>

export type ManualContact = With<S['NewNotedContact'], { request_type: RequestType | null; result: Result }>
export const logContact = (body: ManualContact) => take(api.POST('/api/v1/manual-contacts', { body }))
