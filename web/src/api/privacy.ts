// What is known of people, and what they ask for.
import { api, type Filters, listing, type Sent, take } from './client'
import type { components } from './schema'
import type { Id, Page, RuleRow } from './types'

type S = components['schemas']
type With<T, U> = Omit<T, keyof U> & U
export const RIGHT_KINDS = ['access', 'copy', 'correct', 'delete'] as const satisfies readonly S['RightKind'][]
export const RIGHT_STATES = ['taken', 'verified', 'answered', 'withdrawn'] as const satisfies readonly S['RightState'][]
export const RIGHT_OUTCOMES = ['granted', 'partly', 'refused'] as const satisfies readonly S['RightOutcome'][]
export type PrivacyRequest = Sent<S['PrivacyRequestView']>
export type Erasure = Sent<S['ErasureView']>
export type Inventory = With<Sent<S['PersonalInformation']>, { kept_on_request: S['InformationKept'] | null; kept_at_end: S['InformationKept'] | null }>

const at = (id: Id) => ({ params: { path: { id } } })
export const privacyRequests = (filters: Filters): Promise<Page<PrivacyRequest>> => take(api.GET('/api/v1/privacy-requests', listing(filters)))
export const privacyRequest = (id: Id): Promise<PrivacyRequest> => take(api.GET('/api/v1/privacy-requests/{id}', at(id)))
export const takePrivacyRequest = (body: S['NewPrivacyRequest']): Promise<PrivacyRequest> => take(api.POST('/api/v1/privacy-requests', { body }))
export const verifyPrivacyRequest = (id: Id, version: number, proof: string): Promise<PrivacyRequest> => take(api.POST('/api/v1/privacy-requests/{id}/verify', { ...at(id), body: { version, proof } }))
export const withdrawPrivacyRequest = (id: Id, version: number): Promise<PrivacyRequest> => take(api.POST('/api/v1/privacy-requests/{id}/withdraw', { ...at(id), body: { version } }))
export const answerPrivacyRequest = (id: Id, version: number, outcome: (typeof RIGHT_OUTCOMES)[number], answer: string, erase: boolean): Promise<PrivacyRequest> =>
  take(api.POST('/api/v1/privacy-requests/{id}/answer', { ...at(id), body: { version, outcome, answer, erase } }))
export const erasures = (filters: Filters): Promise<Page<Erasure>> => take(api.GET('/api/v1/privacy-erasures', listing(filters)))
export const inventory = () => take(api.GET('/api/v1/rules/personal-information')) as Promise<unknown> as Promise<{ items: RuleRow[] }>
export const setInventory = (body: S['NewRule_PersonalInformation']) => take(api.POST('/api/v1/rules/personal-information', { body })) as Promise<unknown> as Promise<{ items: RuleRow[] }>
