import { defineStore } from 'pinia'
import { computed, watch } from 'vue'
import { useContactRecord } from '@/features/tickets/record'
import { usePhone } from '@/softphone/store'
import { useFloor } from './floor'
import { useLive } from './live'

/** The call in my hand: who it is, what I write about it. Filled on ring, kept until the wrap-up ends. */
export const useWork = defineStore('work', () => {
  const floor = useFloor()
  const phone = usePhone()
  // Who is only asked, or supervises, writes no record.
  const callId = computed(() => phone.workId)
  const hand = useContactRecord(callId)

  // The record is opened with the answer, the person with the ring.
  watch(() => floor.mine?.state, (state, before) => {
    if (callId.value && state !== before && (state === 'talking' || state === 'wrap_up')) void hand.load()
  })
  const live = useLive()
  live.on(['reset'], () => callId.value && void hand.load())
  // The ticket that was opened with the call comes a moment after the answer.
  live.on(['contact_record'], (event) => {
    const { call_id, state, agent_id } = event.data as { call_id: string; state: string; agent_id?: string | null }
    const same = agent_id === undefined || hand.record.value?.agent?.id === agent_id
    const known = same && hand.pop.value?.contact_record.ticket && hand.record.value?.state === state
    if (call_id === callId.value && !known) void hand.load()
  })

  addEventListener('pagehide', () => void hand.save())

  return { ...hand, callId }
})
