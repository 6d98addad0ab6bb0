import { api, type Sent, take } from './client'
import type { components } from './schema'
import type { Telephony } from './types'

type S = components['schemas']
export const telephony = (): Promise<Telephony> => take(api.GET('/api/v1/telephony'))

/** Whom SIP turns away; without an address it is an account that is guessed at from many. */
export type SipBlocks = Sent<S['BlockedSources']>
export type SipBlock = SipBlocks['items'][number]
export const sipBlocks = (): Promise<SipBlocks> => take(api.GET('/api/v1/sip-blocks'))
export const releaseBlock = (body: S['Release']) => take(api.POST('/api/v1/sip-blocks/release', { body }))
