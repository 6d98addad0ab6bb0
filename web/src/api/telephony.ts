import { api, read, take, write } from './client'
import type { Telephony, Timestamp } from './types'

export const telephony = (): Promise<Telephony> => take(api.GET('/api/v1/telephony'))

/** Somebody whom SIP turns away; without an address it is an account that is guessed at from many. */
export interface SipBlock { why: 'scanner' | 'flood' | 'secret'; address: string | null; account: string | null; since: Timestamp; until: Timestamp; times: number }
export const sipBlocks = (): Promise<{ items: SipBlock[]; total: number }> => read('/api/v1/sip-blocks')
export const releaseBlock = (body: Pick<SipBlock, 'why' | 'address' | 'account'> & { reason: string }): Promise<void> => write('/api/v1/sip-blocks/release', body)
