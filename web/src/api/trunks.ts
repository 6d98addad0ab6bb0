// The ways to the carrier and back.
import { api, type Sent, take } from './client'
import type { components } from './schema'
import type { Id } from './types'

type S = components['schemas']
export const TRUNK_KINDS = ['registration', 'address'] as const satisfies readonly S['TrunkKind'][]
export const TRUNK_TRANSPORTS = ['udp', 'tcp', 'tls'] as const satisfies readonly S['TrunkTransport'][]
export const SRTP_WAYS = ['off', 'optional', 'required'] as const satisfies readonly S['Srtp'][]
export type Trunk = Sent<S['TrunkView']>
export type TrunkList = Sent<S['TrunkList']>
export type Rewriting = S['Rewriting']
export type TrunkRequest = S['TrunkRequest']
export type NumberTrial = Sent<S['Trial']>

const path = (id: Id) => ({ params: { path: { id } } })
export const trunks = (): Promise<TrunkList> => take(api.GET('/api/v1/trunks'))
export const addTrunk = (body: TrunkRequest): Promise<Trunk> => take(api.POST('/api/v1/trunks', { body }))
export const changeTrunk = (id: Id, body: TrunkRequest): Promise<Trunk> => take(api.PUT('/api/v1/trunks/{id}', { ...path(id), body }))
export const removeTrunk = (id: Id) => take(api.DELETE('/api/v1/trunks/{id}', path(id)))
/** Asks a trunk now; an answer is waited for 5 seconds. */
export type TrunkAnswer = Sent<S['TrunkAnswer']>
export const askTrunk = (id: Id): Promise<TrunkAnswer> => take(api.POST('/api/v1/trunks/{id}/ask', path(id)))
export const tryNumber = (number: string, rules: Rewriting[]): Promise<NumberTrial> => take(api.POST('/api/v1/trunk-number-trials', { body: { number, rules } }))
