import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import * as api from '@/api/floor'
import type { AgentState, SettableState } from '@/api/types'
import { tellable } from '@/lib/told'
import { useLive } from './live'
import { useQualification } from './qualification'
import { useSession } from './session'

/** My own place on the floor: state, work in hand, wrap-up clock. The server decides; this only mirrors. */
export const useFloor = defineStore('floor', () => {
  const session = useSession()
  const mine = ref<AgentState | null>(null)
  const live = tellable<AgentState | null>()
  let asking: Promise<void> | null = null
  let again = false

  const workId = computed(() => mine.value?.work_id ?? null)
  const inWrapUp = computed(() => mine.value?.state === 'wrap_up')

  /** Reads the state; calls during a read are folded into one more read after it. */
  function refresh(): Promise<void> {
    if (asking) {
      again = true
      return asking
    }
    asking = live
      .ask(api.agentState)
      .then((state) => void (mine.value = state))
      .catch(() => {})
      .finally(() => {
        asking = null
        if (again) {
          again = false
          void refresh()
        }
      })
    return asking
  }

  let off: (() => void) | null = null

  function start(): void {
    if (off) return
    const events = useLive()
    const offState = events.on(['agent_state'], (event) => {
      const view = event.data as AgentState
      if (view?.id !== session.user?.id) return
      live.tell(() => view)
      mine.value = view
    })
    const offReset = events.on(['reset'], () => void refresh())
    off = () => {
      offState()
      offReset()
    }
    void refresh()
  }

  function stop(): void {
    off?.()
    off = null
    mine.value = null
  }

  /** Local milliseconds of my last own wish. */
  const askedAt = ref(0)
  async function set(state: SettableState): Promise<void> {
    askedAt.value = Date.now()
    const qualification = useQualification()
    try {
      mine.value = await live.ask(() => api.setAgentState(state))
      if (state === 'ready') qualification.granted()
    } catch (error) {
      qualification.note(error)
      throw error
    }
  }
  async function endWrapUp(): Promise<void> {
    mine.value = (await live.ask(api.endWrapUp)) ?? mine.value
    void refresh()
  }
  async function extendWrapUp(reason: string): Promise<void> {
    mine.value = (await live.ask(() => api.extendWrapUp(reason))) ?? mine.value
    void refresh()
  }

  return { mine, askedAt, workId, inWrapUp, refresh, start, stop, set, endWrapUp, extendWrapUp }
})
