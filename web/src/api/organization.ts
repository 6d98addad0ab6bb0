import { get, patch, post, put } from './client'
import type { Device, Id, Page, Role, Side, User } from './types'

export const users = (query: Record<string, string | number | undefined>) => get<Page<User>>('/users', query)
export const user = (id: Id) => get<User>(`/users/${id}`)
export interface NewUser {
  username: string
  name: string
  staff_no: string
  department: string
  side: Side
}
export const createUser = (body: NewUser) => post<User & { initial_password: string }>('/users', body)
export interface UserChange {
  version: number
  name?: string
  staff_no?: string
  department?: string
  disabled?: boolean
  roles?: string[]
}
export const changeUser = (id: Id, change: UserChange) => patch<User>(`/users/${id}`, change)
export const forceSignOut = (id: Id) => post<{ sessions: number }>(`/users/${id}/sign-out`)
export const unlock = (id: Id) => post<void>(`/users/${id}/unlock`)
export const resetPassword = (id: Id, dropTotp: boolean) =>
  post<{ initial_password: string }>(`/users/${id}/reset-password`, { drop_totp: dropTotp })
export const roles = () => get<Role[]>('/roles')
export const devices = () => get<Device[]>('/devices')
export const setDeviceSecret = (id: Id) => put<Device & { secret: string }>(`/devices/${id}/secret`, {})
