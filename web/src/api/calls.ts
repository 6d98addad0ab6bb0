import { api, type Filters, listing, take } from './client'
import type { Call, CallEvent, CallLeg, Id, Keeping, Ladder, Page, Pop, Waveform } from './types'

const path = (id: Id) => ({ params: { path: { id } } })

export const calls = (filters: Filters): Promise<Page<Call>> => take(api.GET('/api/v1/calls', listing(filters)))
export const call = (id: Id): Promise<Call> => take(api.GET('/api/v1/calls/{id}', path(id)))
export const callEvents = (id: Id) => take(api.GET('/api/v1/calls/{id}/events', path(id))) as Promise<{ items: CallEvent[] }>
export const waveform = (id: Id): Promise<Waveform> => take(api.GET('/api/v1/calls/{id}/waveform', path(id)))
const address = (id: Id, what: string, reason: string): string => `/api/v1/calls/${encodeURIComponent(id)}/${what}?reason=${encodeURIComponent(reason)}`
/** Played by the browser itself, which asks for ranges. */
export const recordingAddress = (id: Id, reason: string): string => address(id, 'recording', reason)
/** The marked copy, stored by the browser itself. */
export const exportAddress = (id: Id, reason: string): string => address(id, 'recording/export', reason)
/** The SIP messages as a capture file. */
export const captureAddress = (id: Id, reason: string): string => address(id, 'ladder.pcap', reason)
export const callLegs = (id: Id) => take(api.GET('/api/v1/calls/{id}/legs', path(id))) as Promise<{ items: CallLeg[] }>
export const callLadder = (id: Id): Promise<Ladder> => take(api.GET('/api/v1/calls/{id}/ladder', path(id)))
export const revealLadder = (id: Id, reason: string): Promise<Ladder> => take(api.POST('/api/v1/calls/{id}/ladder/reveal', { ...path(id), body: { reason } }))
export const recordingKeeping = (id: Id): Promise<Keeping> => take(api.GET('/api/v1/calls/{id}/recording/keeping', path(id)))
export const placeHold = (id: Id, reason: string): Promise<Keeping> => take(api.POST('/api/v1/calls/{id}/recording/holds', { ...path(id), body: { reason } }))
export const releaseHold = (id: Id, hold: Id, reason: string): Promise<Keeping> =>
  take(api.POST('/api/v1/calls/{id}/recording/holds/{hold}/release', { params: { path: { id, hold } }, body: { reason } }))
export const hold = (id: Id) => take(api.POST('/api/v1/calls/{id}/hold', path(id)))
export const unhold = (id: Id) => take(api.POST('/api/v1/calls/{id}/unhold', path(id)))
export const mute = (id: Id) => take(api.POST('/api/v1/calls/{id}/mute', path(id)))
export const unmute = (id: Id) => take(api.POST('/api/v1/calls/{id}/unmute', path(id)))
export const hangUp = (id: Id) => take(api.POST('/api/v1/calls/{id}/hang-up', path(id)))
export const pop = (id: Id) => take(api.GET('/api/v1/calls/{id}/pop', path(id))) as Promise<Pop>
export const placeDemoCall = () => take(api.POST('/api/v1/demo/calls'))
