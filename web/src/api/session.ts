import { api, take } from './client'
import type { PublicConfig, Session } from './types'

export const publicConfig = (): Promise<PublicConfig> => take(api.GET('/api/v1/config-public'))
export const current = () => take(api.GET('/api/v1/session')) as Promise<Session>
export const signIn = (username: string, password: string, totp?: string) =>
  take(api.POST('/api/v1/session', { body: { username, password, ...(totp ? { totp } : {}) } })) as Promise<Session>
export const signOut = () => take(api.DELETE('/api/v1/session'))
export const changePassword = (currentPassword: string, next: string) =>
  take(api.PUT('/api/v1/session/password', { body: { current: currentPassword, new: next } }))
export const beginTotp = (password: string) => take(api.POST('/api/v1/session/totp', { body: { password } }))
export const confirmTotp = (code: string) => take(api.PUT('/api/v1/session/totp', { body: { code } }))
export const removeTotp = (password: string) => take(api.DELETE('/api/v1/session/totp', { body: { password } }))
