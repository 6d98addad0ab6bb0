import { del, get, post, put } from './client'
import type { PublicConfig, Session } from './types'

export const publicConfig = () => get<PublicConfig>('/config-public')
export const current = () => get<Session>('/session')
export const signIn = (username: string, password: string, totp?: string) =>
  post<Session>('/session', { username, password, ...(totp ? { totp } : {}) })
export const signOut = () => del<void>('/session')
export const changePassword = (currentPassword: string, next: string) =>
  put<void>('/session/password', { current: currentPassword, new: next })
export const beginTotp = () => post<{ secret: string; uri: string }>('/session/totp')
export const confirmTotp = (code: string) => put<void>('/session/totp', { code })
export const removeTotp = (password: string) => del<void>('/session/totp', { password })
