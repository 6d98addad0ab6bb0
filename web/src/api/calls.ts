import { address, get, post } from './client'
import type { Call, CallEvent, Id, Page, Pop, Waveform } from './types'

export const calls = (query: Record<string, string | number | boolean | undefined>) => get<Page<Call>>('/calls', query)
export const call = (id: Id) => get<Call>(`/calls/${id}`)
export const callEvents = (id: Id) => get<{ items: CallEvent[] }>(`/calls/${id}/events`)
export const waveform = (id: Id) => get<Waveform>(`/calls/${id}/waveform`)
export const recordingAddress = (id: Id) => address(`/calls/${id}/recording`)
export const hold = (id: Id) => post<void>(`/calls/${id}/hold`)
export const unhold = (id: Id) => post<void>(`/calls/${id}/unhold`)
export const mute = (id: Id) => post<void>(`/calls/${id}/mute`)
export const unmute = (id: Id) => post<void>(`/calls/${id}/unmute`)
export const hangUp = (id: Id) => post<void>(`/calls/${id}/hang-up`)
export const pop = (id: Id) => get<Pop>(`/calls/${id}/pop`)
export const placeDemoCall = () => post<{ from: string; to: string }>('/demo/calls')
