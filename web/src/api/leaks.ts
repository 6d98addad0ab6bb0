// Leaks: from the discovery to the closing, with the evidence that was frozen.
import { api, type Filters, listing, type Sent, take } from './client'
import type { components } from './schema'
import type { Id, Page } from './types'

type S = components['schemas']
export const LEAK_STATES = ['discovered', 'contained', 'assessed', 'notified', 'liability', 'closed'] as const
export const DUTIES = ['unknown', 'owed', 'done', 'spared'] as const
export const PACKAGE_STATES = ['building', 'frozen', 'failed'] as const
export const FINDINGS = ['equal', 'changed', 'missing'] as const
export type Leak = Sent<S['LeakView']>
export type LeakDetail = Sent<S['LeakDetail']>
export type LeakPackage = Sent<S['LeakPackageView']>

const at = (id: Id) => ({ params: { path: { id } } })
const one = (id: Id, pack: Id) => ({ params: { path: { id, package_id: pack } } })
export const leaks = (filters: Filters): Promise<Page<Leak>> => take(api.GET('/api/v1/leaks', listing(filters)))
export const leak = (id: Id): Promise<LeakDetail> => take(api.GET('/api/v1/leaks/{id}', at(id)))
export interface NewLeak { title: string; what: string; data_kinds: string; persons?: number; suspect_id?: Id }
export const reportLeak = (body: NewLeak): Promise<{ id: Id; number: string }> => take(api.POST('/api/v1/leaks', { body }))
export const stepLeak = (id: Id, version: number, action: string, said: Record<string, unknown>): Promise<LeakDetail> =>
  take(api.POST('/api/v1/leaks/{id}/steps', { ...at(id), body: { version, action, ...said } as never }))
export const decideLeak = (id: Id, version: number, action: string, said: Record<string, unknown>): Promise<LeakDetail> =>
  take(api.POST('/api/v1/leaks/{id}/decide', { ...at(id), body: { version, action, ...said } as never }))
export const buildPackage = (id: Id, user: Id, from: string, to?: string): Promise<LeakPackage> =>
  take(api.POST('/api/v1/leaks/{id}/packages', { ...at(id), body: { user_id: user, from, ...(to ? { to } : {}) } }))
export const verifyPackage = (id: Id, pack: Id): Promise<LeakPackage> => take(api.POST('/api/v1/leaks/{id}/packages/{package_id}/verify', one(id, pack)))
export const packageAddress = (id: Id, pack: Id): string => `/api/v1/leaks/${id}/packages/${pack}/file`
