import { api, take } from '@/api/client'
import type { Config, Receipt } from '../../../widget/app/types'

export type { Config, Receipt }

export interface LeftMessage {
  consent: string
  name?: string
  phone: string
  matter?: string
  text: string
  /** The form's own id: sent again, it is the same message. */
  client_id: string
}

/** The channel that a message of the website's form comes by. */
const CHANNEL = 'web'

export const chatConfig = (): Promise<Config> =>
  take(api.GET('/api/v1/chat/config' as never, { params: { query: { channel: CHANNEL } } } as never)) as unknown as Promise<Config>
export const leaveMessage = (message: LeftMessage): Promise<Receipt> =>
  take(api.POST('/api/v1/chat/left-messages' as never, { body: { channel: CHANNEL, ...message } } as never)) as unknown as Promise<Receipt>
