import { api, type Sent, take } from '@/api/client'
import type { components } from '@/api/schema'

type S = components['schemas']
export type Config = Sent<S['VisitConfig']>
export type Receipt = Sent<S['LeftTicket']>
/** `client_id` is the form's own id: sent again, it is the same message. */
export type LeftMessage = Omit<S['NewLeftMessage'], 'channel'>

/** The channel that a message of the website's form comes by. */
const CHANNEL = 'web'

export const chatConfig = () => take(api.GET('/api/v1/chat/config', { params: { query: { channel: CHANNEL } } }))
export const leaveMessage = (message: LeftMessage) => take(api.POST('/api/v1/chat/left-messages', { body: { channel: CHANNEL, ...message } }))
