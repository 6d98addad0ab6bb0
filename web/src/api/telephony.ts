import { get } from './client'
import type { Id, Timestamp } from './types'

export interface Registration {
  user_id: Id
  username: string
  kind: 'browser' | 'desk_phone'
  source: string
  user_agent: string
  since: Timestamp
  expires_at: Timestamp
}

export interface Telephony {
  sip_listen: string
  hotline_numbers: string[]
  trunks: number
  calls: number
  rtp_ports: number
  softphones: number
  malformed: number
  too_many: number
  registrations: Registration[]
}

export const telephony = () => get<Telephony>('/telephony')
