import { api, type Filters, listing, type Sent, take } from './client'
import type { components } from './schema'
import type { Colleague, Id, Page, Requester as Plain, Timestamp } from './types'

// --- By hand until the schema knows them; then each is `Sent<S['…']>` by the name beside it. ---
export const IDENTITY_STATES = ['unverified', 'proven'] as const
export const PROOFS = ['code', 'sms'] as const
export const LINK_WHATS = ['merged', 'unmerged', 'proven', 'suggested', 'declined'] as const
export const LIKENESSES = ['code_heard', 'claimed_number', 'claimed_mail', 'same_mail', 'same_claim'] as const
export const BLOCK_STATES = ['requested', 'approved', 'declined', 'lifted', 'over'] as const
export type Likeness = (typeof LIKENESSES)[number]
export type BlockState = (typeof BLOCK_STATES)[number]
/** `Requester` */
export type Requester = Plain & { person_id: Id; proven_by: string | null; proven_at: Timestamp | null; channel: string | null; nickname: string | null }
/** `RequesterRow` */
export type RequesterRow = Requester & { members: number }
/** `RequesterIdentity` */
export interface RequesterIdentity { id: Id; channel: string; external_id: string; nickname: string | null; first_seen_at: Timestamp; last_seen_at: Timestamp }
/** `RequesterClaim` */
export interface RequesterClaim { id: Id; kind: string; value: string; claimed_at: Timestamp }
/** `PersonMember` */
export interface PersonMember { requester: Requester; merged_into: Id | null; identities: RequesterIdentity[]; claims: RequesterClaim[] }
/** `BlockStanding` */
export interface BlockStanding { id: Id; state: BlockState; in_force: boolean; channels: string[]; reason: string; from: Timestamp; until: Timestamp }
/** `RequesterDetail` */
export type RequesterDetail = Requester & { members: PersonMember[]; blocks: BlockStanding[] }
/** `PersonLink` */
export interface PersonLink { id: Id; at: Timestamp; by: Colleague | null; what: (typeof LINK_WHATS)[number]; from: Requester | null; into: Requester | null; proof: string | null; reason: string | null }
/** `PersonSuggestion` */
export interface PersonSuggestion { requester: Requester; reasons: Likeness[] }
/** `RequesterBlock` */
export interface RequesterBlock {
  id: Id; requester: Requester | null; channels: string[]; reason: string; evidence: string; from: Timestamp; until: Timestamp; state: BlockState; open: boolean; in_force: boolean
  asked_by: Colleague | null; asked_at: Timestamp; decided_by: Colleague | null; decided_at: Timestamp | null; decision: string | null
  lifted_by: Colleague | null; lifted_at: Timestamp | null; lifted_for: string | null; version: number
}
/** `NewRequesterBlock` */
export interface NewRequesterBlock { requester_id: Id; channels: string[]; reason: string; evidence: string; until: Timestamp }
/** `ProofOutcome`, but for a wrong code, which is a refusal */
export type ProofOutcome = { outcome: 'proven'; writer: Id; caller: Id; person_id: Id } | { outcome: 'suggested'; writer: Id; caller: Id }

type Later<T> = Promise<{ data?: T; error?: unknown; response: Response }>
const later = api as unknown as { GET<T>(path: string, init?: object): Later<T>; POST<T>(path: string, init?: object): Later<T> }
const get = <T>(path: string, init?: object) => take<T>(later.GET<T>(path, init)) as Promise<T>
const post = <T>(path: string, body: object, id: Id) => take<T>(later.POST<T>(path, { params: { path: { id } }, body })) as Promise<T>
const at = (id: Id) => ({ params: { path: { id } } })
// --- until here ---

export const requesters = (filters: Filters): Promise<Page<RequesterRow>> => get('/api/v1/requesters', listing(filters))
export const requester = (id: Id): Promise<RequesterDetail> => get('/api/v1/requesters/{id}', at(id))
export const renameRequester = (id: Id, version: number, name: string): Promise<Sent<components['schemas']['Requester']>> =>
  take(api.PATCH('/api/v1/requesters/{id}', { params: { path: { id } }, body: { version, name } }))
/** Shows one value in the clear; the reason stands in the audit trail. */
export const reveal = (id: Id, value: { field: 'phone' | 'name' } | { field: 'claim'; claim_id: Id }, reason: string): Promise<{ value: string }> =>
  post('/api/v1/requesters/{id}/reveal', { ...value, reason }, id)

export const personLinks = (id: Id, filters: Filters): Promise<Page<PersonLink>> => get('/api/v1/requesters/{id}/links', { params: { ...at(id).params, ...listing(filters).params } })
export const personSuggestions = async (id: Id): Promise<PersonSuggestion[]> => (await get<{ items: PersonSuggestion[] }>('/api/v1/requesters/{id}/suggestions', at(id))).items
export const declineSuggestion = async (id: Id, other: Id, reason: string): Promise<void> => {
  await take(later.POST('/api/v1/requesters/{id}/suggestions/{other}/decline', { params: { path: { id, other } }, body: { reason } }))
}
export const mergePerson = (id: Id, into: Id, reason: string): Promise<RequesterDetail> => post('/api/v1/requesters/{id}/merge', { into, reason }, id)
export const unmergePerson = (id: Id, reason: string): Promise<RequesterDetail> => post('/api/v1/requesters/{id}/unmerge', { reason }, id)
/** The code that the person on this call reads out. */
export const hearCode = (call: Id, code: string): Promise<ProofOutcome> => post('/api/v1/calls/{id}/proof', { code }, call)

export const requesterBlocks = (filters: Filters): Promise<Page<RequesterBlock>> => get('/api/v1/requester-blocks', listing(filters))
export const requesterBlock = (id: Id): Promise<RequesterBlock> => get('/api/v1/requester-blocks/{id}', at(id))
export const askBlock = (block: NewRequesterBlock): Promise<RequesterBlock> => take<RequesterBlock>(later.POST('/api/v1/requester-blocks', { body: block })) as Promise<RequesterBlock>
export type BlockStep = 'approve' | 'decline' | 'lift'
export const stepBlock = (id: Id, version: number, step: BlockStep, note: string): Promise<RequesterBlock> => post(`/api/v1/requester-blocks/{id}/${step}`, { version, note }, id)
