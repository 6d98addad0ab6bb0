import { get } from './client'
import type { Timestamp } from './types'

export interface Telephony {
  trunks: { name: string; address: string }[]
  registrations: { username: string; kind: 'browser' | 'desk_phone'; contact: string; expires_at: Timestamp }[]
}

export const telephony = () => get<Telephony>('/telephony')
