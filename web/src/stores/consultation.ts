import { defineStore } from 'pinia'
import { ref, watch } from 'vue'
import * as api from '@/api/calls'
import { usePhone } from '@/softphone/store'
import { useLive } from './live'
import { usePeople } from './people'

/** What a colleague asks me about: who asks, and who waits meanwhile. */
export const useConsultation = defineStore('consultation', () => {
  const phone = usePhone()
  const people = usePeople()
  const asked = ref<api.Consultation | null>(null)
  let turn = 0

  async function learn(): Promise<void> {
    const mine = ++turn
    const found = await api.consultation().catch(() => null)
    if (mine !== turn) return
    people.learn(found?.asked_by)
    asked.value = found ?? null
  }
  const live = useLive()
  live.on(['consultation'], () => void learn())
  live.on(['reset'], () => phone.part === 'consult' && void learn())
  watch(() => (phone.part === 'consult' ? phone.call?.callId : null), (call) => {
    if (call) void learn()
    else if (asked.value) asked.value = null
  }, { immediate: true })

  return { asked }
})
