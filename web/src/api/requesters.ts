import { api, type Filters, listing, type Sent, take } from './client'
import type { components } from './schema'
import type { Id, Page, Requester } from './types'

type S = components['schemas']
type With<T, U> = Omit<T, keyof U> & U

export const IDENTITY_STATES = ['unverified', 'proven'] as const
export const PROOFS = ['code', 'sms'] as const
export const LINK_WHATS = ['merged', 'unmerged', 'proven', 'suggested', 'declined'] as const
export const LIKENESSES = ['code_heard', 'claimed_number', 'claimed_mail', 'same_mail', 'same_claim'] as const satisfies readonly S['Likeness'][]
export const BLOCK_STATES = ['requested', 'approved', 'declined', 'lifted', 'over'] as const
export type Likeness = S['Likeness']
export type BlockState = (typeof BLOCK_STATES)[number]
export type { Requester }
export type RequesterRow = Sent<S['RequesterRow']>
export type RequesterIdentity = Sent<S['RequesterIdentity']>
export type RequesterClaim = Sent<S['RequesterClaim']>
export type PersonMember = Sent<S['PersonMember']>
export type BlockStanding = With<Sent<S['BlockStanding']>, { state: BlockState }>
export type RequesterDetail = With<Sent<S['RequesterDetail']>, { blocks: BlockStanding[] }>
export type PersonLink = With<Sent<S['PersonLink']>, { what: (typeof LINK_WHATS)[number] }>
export type PersonSuggestion = Sent<S['PersonSuggestion']>
export type RequesterBlock = With<Sent<S['RequesterBlock']>, { state: BlockState }>
export type NewRequesterBlock = S['NewRequesterBlock']
/** A wrong code is a refusal and comes as none of these. */
export type ProofOutcome = Exclude<Sent<S['ProofOutcome']>, { outcome: 'wrong' }>

const at = (id: Id) => ({ params: { path: { id } } })

export const requesters = (filters: Filters) => take(api.GET('/api/v1/requesters', listing(filters))) as Promise<Page<RequesterRow>>
export const requester = (id: Id) => take(api.GET('/api/v1/requesters/{id}', at(id))) as Promise<RequesterDetail>
export const renameRequester = (id: Id, version: number, name: string) => take(api.PATCH('/api/v1/requesters/{id}', { ...at(id), body: { version, name } }))
/** Shows one value in the clear; the reason stands in the audit trail. */
export const reveal = (id: Id, value: { field: 'phone' | 'name' } | { field: 'claim'; claim_id: Id }, reason: string) =>
  take(api.POST('/api/v1/requesters/{id}/reveal', { ...at(id), body: { ...value, reason } }))

export const personLinks = (id: Id, filters: Filters) =>
  take(api.GET('/api/v1/requesters/{id}/links', { params: { ...at(id).params, ...listing(filters).params } })) as Promise<Page<PersonLink>>
export const personSuggestions = async (id: Id): Promise<PersonSuggestion[]> => (await take(api.GET('/api/v1/requesters/{id}/suggestions', at(id)))).items
export const declineSuggestion = (id: Id, other: Id, reason: string) =>
  take(api.POST('/api/v1/requesters/{id}/suggestions/{other}/decline', { params: { path: { id, other } }, body: { reason } }))
export const mergePerson = (id: Id, into: Id, reason: string) =>
  take(api.POST('/api/v1/requesters/{id}/merge', { ...at(id), body: { into, reason } })) as Promise<RequesterDetail>
export const unmergePerson = (id: Id, reason: string) => take(api.POST('/api/v1/requesters/{id}/unmerge', { ...at(id), body: { reason } })) as Promise<RequesterDetail>
/** The code that the person on this call reads out. */
export const hearCode = (call: Id, code: string) => take(api.POST('/api/v1/calls/{id}/proof', { ...at(call), body: { code } })) as Promise<ProofOutcome>

export const requesterBlocks = (filters: Filters) => take(api.GET('/api/v1/requester-blocks', listing(filters))) as Promise<Page<RequesterBlock>>
export const requesterBlock = (id: Id) => take(api.GET('/api/v1/requester-blocks/{id}', at(id))) as Promise<RequesterBlock>
export const askBlock = (body: NewRequesterBlock) => take(api.POST('/api/v1/requester-blocks', { body })) as Promise<RequesterBlock>
const BLOCK_DOORS = {
  approve: '/api/v1/requester-blocks/{id}/approve', decline: '/api/v1/requester-blocks/{id}/decline', lift: '/api/v1/requester-blocks/{id}/lift',
} as const
export type BlockStep = keyof typeof BLOCK_DOORS
export const stepBlock = (id: Id, version: number, step: BlockStep, note: string) =>
  take(api.POST(BLOCK_DOORS[step], { ...at(id), body: { version, note } })) as Promise<RequesterBlock>
