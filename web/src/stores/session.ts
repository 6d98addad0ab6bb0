import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import * as api from '@/api/session'
import { asProblem } from '@/api/problem'
import type { PublicConfig, Reach, Session } from '@/api/types'

/** Who is signed in and what he may do. */
export const useSession = defineStore('session', () => {
  const session = ref<Session | null>(null)
  const config = ref<PublicConfig | null>(null)
  /** Why the last session ended by itself; shown on the sign-in page. */
  const endedBy = ref<string | null>(null)
  let asked: Promise<void> | null = null

  const user = computed(() => session.value?.user ?? null)
  const signedIn = computed(() => session.value !== null)
  const mustChangePassword = computed(() => session.value?.must_change_password ?? false)

  /** Asks once who is signed in; a page waits for it before it decides where to go. */
  function ready(): Promise<void> {
    asked ??= load()
    return asked
  }

  async function load(): Promise<void> {
    const [mine, open] = await Promise.allSettled([api.current(), api.publicConfig()])
    if (open.status === 'fulfilled') config.value = open.value
    if (mine.status === 'fulfilled') session.value = mine.value
    else if (asProblem(mine.reason).status !== 401) {
      asked = null
      throw mine.reason
    }
  }

  async function refresh(): Promise<void> {
    session.value = await api.current()
  }

  async function signIn(username: string, password: string, totp?: string): Promise<void> {
    session.value = await api.signIn(username, password, totp)
    endedBy.value = null
    asked = Promise.resolve()
  }

  async function signOut(): Promise<void> {
    try {
      await api.signOut()
    } finally {
      session.value = null
    }
  }

  function ended(code: string): void {
    if (session.value === null) return
    session.value = null
    endedBy.value = code
  }

  /** The live line says that a session is over; the server tells whether it was ours, and why. */
  async function check(): Promise<void> {
    if (session.value === null) return
    try {
      session.value = await api.current()
    } catch (error) {
      const problem = asProblem(error)
      if (problem.status === 401) ended(String(problem.extra.reason ?? problem.code))
    }
  }

  const can = (permission: string): boolean => permission in (user.value?.permissions ?? {})
  const reach = (permission: string): Reach | null => user.value?.permissions[permission] ?? null
  const has = (role: string): boolean => user.value?.roles.some((held) => held === role) ?? false

  return {
    session, config, endedBy, user, signedIn, mustChangePassword,
    ready, refresh, signIn, signOut, ended, check, can, reach, has,
  }
})
