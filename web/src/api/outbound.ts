// Calls that the house places: call-backs, follow-ups, who does not want to be called.
import { api, type Filters, listing, type Sent, take } from './client'
import type { components } from './schema'
import type { Id, Page, Timestamp } from './types'

type S = components['schemas']

export const CALLBACK_STATES = ['open', 'reached', 'called_in', 'unreached', 'no_number'] as const
export const ITEM_STATES = ['waiting', 'calling', 'reached', 'refused', 'wrong_number', 'unreached'] as const
export const ATTEMPT_OUTCOMES = ['reached', 'busy', 'no_answer', 'wrong_number', 'refused'] as const satisfies readonly S['AttemptOutcome'][]
export const QUESTION_KINDS = ['choice', 'score', 'text'] as const satisfies readonly S['QuestionKind'][]
export const PURPOSE_LINKS = ['item', 'callback', 'ticket', 'any'] as const satisfies readonly S['PurposeLink'][]

export type AttemptOutcome = (typeof ATTEMPT_OUTCOMES)[number]
export type Question = Sent<S['Question']>
export type OutboundCall = Sent<S['OutboundCall']>
export type OutboundRefusal = Sent<S['OutboundRefusal']>
export type OutboundFigures = Sent<S['OutboundFigures']>
export type Callback = Sent<S['CallbackView']>
export type CallbackDetail = Sent<S['CallbackDetail']>
export type CallbackFigures = Sent<S['CallbackFigures']>
export type DoNotCallEntry = Sent<S['DoNotCallEntry']>
export type DoNotCallDetail = Sent<S['DoNotCallDetail']>
export type FollowUpList = Sent<S['FollowUpList']>
export type FollowUpItem = Omit<Sent<S['FollowUpItem']>, 'answers'> & { answers: Answers | null }
export type FollowUpItemDetail = Omit<Sent<S['FollowUpItemDetail']>, 'answers'> & { answers: Answers | null }
export type FollowUpChart = Sent<S['FollowUpChart']>
export type Filled = Sent<S['Filled']>
export type Answers = Record<string, string | number>

export interface NewCall { to?: string; purpose: string; note?: string; ticket_id?: Id; item_id?: Id; callback_id?: Id }
export const callOut = (body: NewCall): Promise<OutboundCall> => take(api.POST('/api/v1/calls', { body }))
export const outboundCalls = (filters: Filters): Promise<Page<OutboundCall>> => take(api.GET('/api/v1/outbound-calls', listing(filters)))
export const outboundRefusals = (filters: Filters): Promise<Page<OutboundRefusal>> => take(api.GET('/api/v1/outbound-refusals', listing(filters)))
export const outboundFigures = (): Promise<OutboundFigures> => take(api.GET('/api/v1/outbound-figures'))

const at = (id: Id) => ({ params: { path: { id } } })
export const callbacks = (filters: Filters): Promise<Page<Callback>> => take(api.GET('/api/v1/callbacks', listing(filters)))
export const callback = (id: Id): Promise<CallbackDetail> => take(api.GET('/api/v1/callbacks/{id}', at(id)))
export const callbackFigures = (filters: Filters): Promise<CallbackFigures> => take(api.GET('/api/v1/callback-figures', listing(filters)))
export const assignCallback = (id: Id, version: number, owner: Id): Promise<CallbackDetail> => take(api.POST('/api/v1/callbacks/{id}/assign', { ...at(id), body: { version, owner_id: owner } }))
export const giveUpCallback = (id: Id, version: number, reason: string): Promise<CallbackDetail> => take(api.POST('/api/v1/callbacks/{id}/give-up', { ...at(id), body: { version, reason } }))
export const settleCallback = (id: Id, version: number, reason: string): Promise<CallbackDetail> => take(api.POST('/api/v1/callbacks/{id}/settle', { ...at(id), body: { version, reason } }))

export const doNotCall = (filters: Filters): Promise<Page<DoNotCallEntry>> => take(api.GET('/api/v1/do-not-call', listing(filters)))
export const doNotCallEntry = (id: Id): Promise<DoNotCallDetail> => take(api.GET('/api/v1/do-not-call/{id}', at(id)))
export interface NewDoNotCall { number?: string; requester_id?: Id; reason: string; until?: Timestamp }
export const enterDoNotCall = (body: NewDoNotCall): Promise<DoNotCallDetail> => take(api.POST('/api/v1/do-not-call', { body }))
export const liftDoNotCall = (id: Id, version: number, reason: string): Promise<DoNotCallDetail> => take(api.POST('/api/v1/do-not-call/{id}/lift', { ...at(id), body: { version, reason } }))
export const permitCall = (id: Id, body: { agent_id: Id; ticket_id: Id; reason: string }): Promise<DoNotCallDetail> => take(api.POST('/api/v1/do-not-call/{id}/permits', { ...at(id), body }))

export const followUpLists = (filters: Filters): Promise<Page<FollowUpList>> => take(api.GET('/api/v1/follow-up-lists', listing(filters)))
export const followUpList = (id: Id): Promise<FollowUpList> => take(api.GET('/api/v1/follow-up-lists/{id}', at(id)))
export interface NewFollowUpList { name: string; script?: string; questions: Question[]; owners: Id[] }
export const makeFollowUpList = (body: NewFollowUpList): Promise<FollowUpList> => take(api.POST('/api/v1/follow-up-lists', { body }))
export const changeFollowUpList = (id: Id, body: { version: number; name?: string; owners?: Id[] }): Promise<FollowUpList> => take(api.PUT('/api/v1/follow-up-lists/{id}', { ...at(id), body }))
export const closeFollowUpList = (id: Id, version: number): Promise<FollowUpList> => take(api.POST('/api/v1/follow-up-lists/{id}/close', { ...at(id), body: { version } }))
export const followUpChart = (id: Id): Promise<FollowUpChart> => take(api.GET('/api/v1/follow-up-lists/{id}/chart', at(id)))
export const followUpItems = (id: Id, filters: Filters): Promise<Page<FollowUpItem>> => {
  const { query } = listing(filters).params
  return take(api.GET('/api/v1/follow-up-lists/{id}/items', { params: { path: { id }, query } })) as Promise<unknown> as Promise<Page<FollowUpItem>>
}
export const nextFollowUp = async (id: Id): Promise<FollowUpItemDetail | null> => (await take(api.GET('/api/v1/follow-up-lists/{id}/next', at(id)))).item as FollowUpItemDetail | null
export const followUpItem = (id: Id) => take(api.GET('/api/v1/follow-up-items/{id}', at(id))) as Promise<unknown> as Promise<FollowUpItemDetail>
export interface Told { version: number; outcome: AttemptOutcome; answers: Answers; note?: string }
export const tellFollowUp = (id: Id, body: Told) => take(api.POST('/api/v1/follow-up-items/{id}/result', { ...at(id), body: body as never })) as Promise<unknown> as Promise<FollowUpItemDetail>
export const assignFollowUp = (id: Id, version: number, owner: Id | null) => take(api.POST('/api/v1/follow-up-items/{id}/assign', { ...at(id), body: { version, owner_id: owner } })) as Promise<unknown> as Promise<FollowUpItemDetail>
const filling = (id: Id, dry: boolean) => ({ params: { path: { id }, query: { dry_run: dry } } })
export const addItems = (id: Id, items: { number: string; name?: string; note?: string }[], dry: boolean): Promise<Filled> => take(api.POST('/api/v1/follow-up-lists/{id}/items', { ...filling(id, dry), body: { items } }))
export const addTickets = (id: Id, filter: Record<string, unknown>, dry: boolean): Promise<Filled> => take(api.POST('/api/v1/follow-up-lists/{id}/from-tickets', { ...filling(id, dry), body: { filter } as never }))
export const addTable = (id: Id, file: File, dry: boolean): Promise<Filled> => {
  const form = new FormData()
  form.append('file', file)
  return take(api.POST('/api/v1/follow-up-lists/{id}/import', { ...filling(id, dry), body: form as never, bodySerializer: (body) => body as never }))
}
export const exportFollowUps = (id: Id): string => `/api/v1/follow-up-lists/${id}/export`
