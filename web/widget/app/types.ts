// The visitor's side of the channels' HTTP contract.

export type Said = 'satisfied' | 'fair' | 'dissatisfied'

export interface Config {
  channel: string
  name: string
  open: boolean
  opens_at: string | null
  notice: { version: string; text: string }
  form: { matters: { code: string; name: string }[] }
  most_text: number
  most_file: number
  files: string[]
  hotline: string
}

export interface Conversation {
  /** Null before the first word. */
  id: string | null
  state: 'none' | 'waiting' | 'active' | 'ended' | 'left'
  /** 1 = next. */
  place: number | null
  /** The number of an agent, never the name. */
  agent: { staff_no: string | null } | null
  open: boolean
  last_seq: number
  agent_read_seq: number
  may_rate: boolean
  satisfaction: Said | null
}

export interface SentFile {
  id: string
  name: string
  media_type: string
  bytes: number
}

export interface Message {
  id: string
  /** Places are those of one conversation. */
  conversation_id: string
  seq: number
  from: 'me' | 'agent' | 'system'
  kind: string
  text: string
  file: SentFile | null
  at: string
  client_id: string | null
}

export interface Receipt {
  number: string
  due_at: string | null
}
