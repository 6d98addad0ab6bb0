import { api, type Filters, listing, type Sent, take } from './client'
import type { components } from './schema'
import type { CallParty, CallStanding, SupervisionMode, Call, CallEvent, CallLeg, Id, Keeping, Ladder, Page, Pop, Recording, Waveform } from './types'

type S = components['schemas']
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
export const recordings = (filters: Filters) => take(api.GET('/api/v1/recordings', listing(filters))) as Promise<Page<Recording>>
export const recordingKeeping = (id: Id): Promise<Keeping> => take(api.GET('/api/v1/calls/{id}/recording/keeping', path(id)))
export const placeHold = (id: Id, reason: string, until: string | null): Promise<Keeping> => take(api.POST('/api/v1/calls/{id}/recording/holds', { ...path(id), body: { reason, until } }))
export const releaseHold = (id: Id, hold: Id, reason: string): Promise<Keeping> =>
  take(api.POST('/api/v1/calls/{id}/recording/holds/{hold}/release', { params: { path: { id, hold } }, body: { reason } }))
export const hold = (id: Id) => take(api.POST('/api/v1/calls/{id}/hold', path(id)))
export const unhold = (id: Id) => take(api.POST('/api/v1/calls/{id}/unhold', path(id)))
export const mute = (id: Id) => take(api.POST('/api/v1/calls/{id}/mute', path(id)))
export const unmute = (id: Id) => take(api.POST('/api/v1/calls/{id}/unmute', path(id)))
export const hangUp = (id: Id) => take(api.POST('/api/v1/calls/{id}/hang-up', path(id)))
/** Whom to ask: music for the requester meanwhile. */
export const consult = (id: Id, body: CallParty) => take(api.POST('/api/v1/calls/{id}/consult', { ...path(id), body }))
export const transfer = (id: Id, body: CallParty) => take(api.POST('/api/v1/calls/{id}/transfer', { ...path(id), body }))
export const swap = (id: Id) => take(api.POST('/api/v1/calls/{id}/swap', path(id)))
export const join = (id: Id) => take(api.POST('/api/v1/calls/{id}/join', path(id)))
export const endConsult = (id: Id) => take(api.POST('/api/v1/calls/{id}/end-consult', path(id)))
export const complete = (id: Id) => take(api.POST('/api/v1/calls/{id}/complete', path(id)))
export const pauseRecording = (id: Id) => take(api.POST('/api/v1/calls/{id}/pause-recording', path(id)))
export const resumeRecording = (id: Id) => take(api.POST('/api/v1/calls/{id}/resume-recording', path(id)))
export const pressKeys = (id: Id, keys: string) => take(api.POST('/api/v1/calls/{id}/keys', { ...path(id), body: { keys } }))
export const askForHelp = (id: Id) => take(api.POST('/api/v1/calls/{id}/help', path(id)))
export const standing = (id: Id): Promise<CallStanding> => take(api.GET('/api/v1/calls/{id}/standing', path(id)))
export const supervise = (id: Id, mode: SupervisionMode, reason: string) => take(api.PUT('/api/v1/calls/{id}/supervision', { ...path(id), body: { mode, reason } }))
export const endSupervision = (id: Id) => take(api.DELETE('/api/v1/calls/{id}/supervision', path(id)))
export const takeOver = (id: Id, reason: string) => take(api.POST('/api/v1/calls/{id}/take-over', { ...path(id), body: { reason } }))
export const pop = (id: Id) => take(api.GET('/api/v1/calls/{id}/pop', path(id))) as Promise<Pop>
export const placeDemoCall = () => take(api.POST('/api/v1/demo/calls'))

/** What I am asked about by a colleague; his call, not mine. */
export type Consultation = Sent<S['ConsultationView']>
export const consultation = () => take(api.GET('/api/v1/consultation')) as Promise<Consultation | null>
/** Who is on the line there and what is written so far; to be read. */
export const consultationPop = () => take(api.GET('/api/v1/consultation/pop')) as Promise<Pop | null>
/** The call that I supervise, for a page that was loaded anew. */
export type MySupervision = Sent<S['MySupervision']>
export const mySupervision = () => take(api.GET('/api/v1/supervision')) as Promise<MySupervision | null>
export type CallReceivers = Sent<S['CallReceivers']>
export const callReceivers = (q: string): Promise<CallReceivers> => take(api.GET('/api/v1/calls/receivers', { params: { query: { q } } }))
