import { api, take } from './client'
import type { Telephony } from './types'

export const telephony = (): Promise<Telephony> => take(api.GET('/api/v1/telephony'))
