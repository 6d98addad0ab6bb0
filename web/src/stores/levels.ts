import { defineStore } from 'pinia'
import { computed, shallowRef } from 'vue'
import { escalationLevels } from '@/api/cases'
import { P } from '@/api/permissions'
import type { EscalationLevel } from '@/api/types'
import { rankOf } from '@/features/cases/states'
import { useSession } from './session'

/** The levels an escalation climbs, read once; and mine among them. */
export const useLevels = defineStore('levels', () => {
  const session = useSession()
  const items = shallowRef<EscalationLevel[]>([])
  let asked: Promise<void> | null = null

  function ready(): Promise<void> {
    if (!session.can(P.viewEscalations)) return Promise.resolve()
    asked ??= escalationLevels()
      .then((found) => void (items.value = found.items))
      .catch(() => {
        asked = null
      })
    return asked
  }
  const rank = computed(() => rankOf(items.value, session.user?.roles ?? []))

  return { items, ready, rank }
})
