import { api, type Filters, listing, take } from './client'
import type { Call, CallEvent, Id, Page, Pop, Waveform } from './types'

const path = (id: Id) => ({ params: { path: { id } } })

export const calls = (filters: Filters): Promise<Page<Call>> => take(api.GET('/api/v1/calls', listing(filters)))
export const call = (id: Id): Promise<Call> => take(api.GET('/api/v1/calls/{id}', path(id)))
export const callEvents = (id: Id) => take(api.GET('/api/v1/calls/{id}/events', path(id))) as Promise<{ items: CallEvent[] }>
export const waveform = (id: Id): Promise<Waveform> => take(api.GET('/api/v1/calls/{id}/waveform', path(id)))
/** Played by the browser itself, which asks for ranges. */
export const recordingAddress = (id: Id): string => `/api/v1/calls/${encodeURIComponent(id)}/recording`
export const hold = (id: Id) => take(api.POST('/api/v1/calls/{id}/hold', path(id)))
export const unhold = (id: Id) => take(api.POST('/api/v1/calls/{id}/unhold', path(id)))
export const mute = (id: Id) => take(api.POST('/api/v1/calls/{id}/mute', path(id)))
export const unmute = (id: Id) => take(api.POST('/api/v1/calls/{id}/unmute', path(id)))
export const hangUp = (id: Id) => take(api.POST('/api/v1/calls/{id}/hang-up', path(id)))
export const pop = (id: Id) => take(api.GET('/api/v1/calls/{id}/pop', path(id))) as Promise<Pop>
export const placeDemoCall = () => take(api.POST('/api/v1/demo/calls'))
