import { defineStore } from 'pinia'
import { ref, watch } from 'vue'
import * as api from '@/api/calls'
import { usePhone } from '@/softphone/store'
import { useFloor } from './floor'
import { useLive } from './live'
import { usePeople } from './people'

/** What a colleague asks me about: who asks, and who waits meanwhile. */
export const useConsultation = defineStore('consultation', () => {
  const phone = usePhone()
  const floor = useFloor()
  const people = usePeople()
  const asked = ref<api.Consultation | null>(null)
  let turn = 0

  function take(found: api.Consultation | null): void {
    asked.value = found
    phone.askedAtDesk = found !== null && !phone.call
  }
  async function learn(): Promise<void> {
    const mine = ++turn
    const found = await api.consultation().catch(() => null)
    if (mine !== turn) return
    people.learn(found?.asked_by)
    take(found ?? null)
  }
  function forget(): void {
    turn += 1
    take(null)
  }
  const live = useLive()
  live.on(['consultation'], () => void learn())
  live.on(['reset'], () => phone.part === 'consult' && void learn())
  watch(() => (phone.call?.part === 'consult' ? phone.call.callId : null), (call, before) => {
    if (call) void learn()
    else if (before) forget()
  }, { immediate: true })
  // A desk phone tells this page nothing; that there is work in hand, the floor does.
  watch(() => (phone.call ? null : floor.workId), (work, before) => {
    if (work) void learn()
    else if (before && !phone.call) forget()
  }, { immediate: true })

  return { asked }
})
