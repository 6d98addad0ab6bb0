import { defineStore } from 'pinia'
import { shallowRef } from 'vue'
import { channels, type Channel } from '@/api/channels'
import { P } from '@/api/permissions'
import { useSession } from './session'

/** The channels by code, read once by whoever may see them. */
export const useChannels = defineStore('channels', () => {
  const items = shallowRef<Channel[]>([])
  let asked: Promise<void> | null = null

  async function reload(): Promise<void> {
    items.value = (await channels()).items
  }
  function ready(): Promise<void> {
    if (!useSession().can(P.viewChannels)) return Promise.resolve()
    asked ??= reload().catch(() => {
      asked = null
    })
    return asked
  }
  const nameOf = (code: string): string => items.value.find((one) => one.code === code)?.name ?? code

  return { items, ready, reload, nameOf }
})
