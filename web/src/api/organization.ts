import { api, type Filters, listing, take } from './client'
import type { components } from './schema'
import type { Device, Id, Page, Role, User } from './types'

type Schemas = components['schemas']
const path = (id: Id) => ({ params: { path: { id } } })

export const users = (filters: Filters): Promise<Page<User>> => take(api.GET('/api/v1/users', listing(filters)))
export const user = (id: Id): Promise<User> => take(api.GET('/api/v1/users/{id}', path(id)))
export type NewUser = Required<Schemas['UserCreation']>
export const createUser = (body: NewUser) => take(api.POST('/api/v1/users', { body }))
export type UserChange = Schemas['UserPatch']
export const changeUser = (id: Id, body: UserChange) => take(api.PATCH('/api/v1/users/{id}', { ...path(id), body }))
export const forceSignOut = (id: Id) => take(api.POST('/api/v1/users/{id}/sign-out', path(id)))
export const unlock = (id: Id) => take(api.POST('/api/v1/users/{id}/unlock', path(id)))
export const resetPassword = (id: Id, dropTotp: boolean) =>
  take(api.POST('/api/v1/users/{id}/reset-password', { ...path(id), body: { drop_totp: dropTotp } }))
export const roles = () => take(api.GET('/api/v1/roles')) as Promise<Role[]>
/** As many as a page holds: a hotline has fewer desk phones. */
export const devices = async (): Promise<Device[]> =>
  ((await take(api.GET('/api/v1/devices', listing({ sort: 'username', per_page: 200 })))) as Page<Device>).items
export const addDevice = (body: Schemas['DeviceCreation']) => take(api.POST('/api/v1/devices', { body }))
export const removeDevice = (id: Id) => take(api.DELETE('/api/v1/devices/{id}', path(id)))
export const setDeviceSecret = (id: Id) => take(api.PUT('/api/v1/devices/{id}/secret', { ...path(id), body: {} }))
