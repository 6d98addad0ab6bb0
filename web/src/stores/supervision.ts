import { defineStore } from 'pinia'
import { nextTick, ref, watch } from 'vue'
import * as api from '@/api/calls'
import { floor as fetchFloor } from '@/api/floor'
import { Problem } from '@/api/problem'
import type { AgentState, Id, SupervisionMode } from '@/api/types'
import { chime } from '@/lib/chime'
import { usePhone } from '@/softphone/store'
import { useLive } from './live'
import { usePeople } from './people'
import { useSession } from './session'

const REASON_KEY = 'shoujie.supervision.reason'
const KEPT_KEY = 'shoujie.supervision.now'
/** A leg that the server lets come back is here by then. */
const BACK_WITHIN_MS = 2_000
/** A device answers by itself; longer than this it does not. */
const READY_WITHIN_MS = 20_000

export interface Watched { callId: Id; mode: SupervisionMode; agent: Id | null }
interface Kept extends Watched { taken: boolean }
export interface HelpWanted { callId: Id; agent: Id; at: number }

/** The call that I listen to, whisper into or have joined, and who asks me to. */
export const useSupervision = defineStore('supervision', () => {
  const phone = usePhone()
  const live = useLive()
  const people = usePeople()
  const watched = ref<Watched | null>(null)
  const helps = ref<HelpWanted[]>([])
  const busy = ref(false)
  /** Taken over: from now on it is my own call. */
  const taken = ref(false)
  const reason = ref(sessionStorage.getItem(REASON_KEY) ?? '')
  let off: (() => void)[] = []
  let namesAsked: Promise<unknown> | null = null

  function remember(why: string): void {
    reason.value = why
    sessionStorage.setItem(REASON_KEY, why)
  }
  const kept = (): Kept | null => JSON.parse(sessionStorage.getItem(KEPT_KEY) ?? 'null') as Kept | null
  // A reload must not cost the lead the call he is in.
  watch([watched, taken], () => {
    if (watched.value) sessionStorage.setItem(KEPT_KEY, JSON.stringify({ ...watched.value, taken: taken.value }))
  })
  /** What goes on already: the page was loaded anew, or the line was away. */
  async function learn(fresh: boolean): Promise<void> {
    const before = kept()
    const found = await api.mySupervision().catch(() => undefined)
    if (found) {
      people.learn(found.agent)
      watched.value = { callId: found.call_id, mode: found.mode, agent: found.agent?.id ?? null }
      if (fresh) await once(heardAgain).catch(() => {})
    } else if (fresh && before) await once(() => resume(before)).catch(leave)
    else if (found === null && watched.value && !taken.value && !busy.value) leave()
  }
  /** The server may let our leg come back; where it does not, it begins anew. */
  async function heardAgain(): Promise<void> {
    const now = watched.value
    if (!now) return
    await phone.ensure()
    for (const until = Date.now() + BACK_WITHIN_MS; !phone.call && Date.now() < until;) await new Promise((resolve) => setTimeout(resolve, 100))
    if (phone.call || !reason.value) return
    await api.endSupervision(now.callId)
    await api.supervise(now.callId, now.mode, reason.value)
  }
  /** The leg of the page before is gone, and with it the server's supervision; what was taken over is a call of mine. */
  async function resume(before: Kept): Promise<void> {
    if (before.taken) {
      const { agent } = await api.standing(before.callId)
      if (agent !== useSession().user?.id) return leave()
    } else if (!reason.value) return leave()
    learnNames()
    watched.value = { callId: before.callId, mode: before.mode, agent: before.agent }
    taken.value = before.taken
    await phone.ensure()
    if (!before.taken) await api.supervise(before.callId, before.mode, reason.value)
  }
  const name = (id: Id | null): string => people.nameOf(id) ?? ''
  /** Names of who is on the floor, once. */
  function learnNames(): void {
    namesAsked ??= fetchFloor().then(({ agents }) => people.learn(...agents.map(({ id, name: called, staff_no }) => ({ id, name: called, staff_no })))).catch(() => (namesAsked = null))
  }

  function start(): void {
    if (off.length > 0) return
    off = [
      live.on(['supervision'], ({ data }) => {
        const told = data as { call_id: Id; mode: SupervisionMode | null; agent: Id | null }
        if (told.mode) watched.value = { callId: told.call_id, mode: told.mode, agent: told.agent }
        else if (watched.value?.callId === told.call_id && !taken.value) watched.value = null
        learnNames()
      }),
      live.on(['help_wanted'], ({ data }) => {
        const told = data as { call_id: Id; agent: Id }
        helps.value = [...helps.value.filter((one) => one.callId !== told.call_id), { callId: told.call_id, agent: told.agent, at: Date.now() }]
        chime(`help.${told.call_id}`)
        learnNames()
      }),
      // Whose call is over needs no help with it.
      live.on(['agent_state'], ({ data }) => {
        const agent = data as AgentState
        people.learn({ id: agent.id, name: agent.name, staff_no: agent.staff_no ?? null })
        if (!['talking', 'held'].includes(agent.state)) helps.value = helps.value.filter((one) => one.agent !== agent.id)
      }),
      live.on(['call'], ({ data }) => {
        const told = data as { call_id: Id; event: string; state?: string }
        if (told.call_id !== watched.value?.callId) return
        if (told.event === 'taken_over') taken.value = true
        if (told.state === 'ended') leave()
      }),
      live.on(['reset'], () => void learn(false)),
    ]
    void learn(true)
  }
  function leave(): void {
    watched.value = null
    taken.value = false
    sessionStorage.removeItem(KEPT_KEY)
  }
  function stop(): void {
    if (off.length === 0) return
    // Somebody else may sign in here.
    reason.value = ''
    sessionStorage.removeItem(REASON_KEY)
    namesAsked = null
    for (const one of off) one()
    off = []
    helps.value = []
    leave()
  }

  let underWay: Promise<unknown> = Promise.resolve()
  async function once<T>(work: () => Promise<T>): Promise<T | undefined> {
    if (busy.value) return undefined
    busy.value = true
    const doing = work()
    underWay = doing.catch(() => {})
    try {
      return await doing
    } finally {
      busy.value = false
    }
  }
  /** My own device comes first: without it nothing is heard. */
  const supervise = (callId: Id, mode: SupervisionMode, why: string) => once(() => begin(callId, mode, why))
  async function begin(callId: Id, mode: SupervisionMode, why: string): Promise<void> {
    remember(why)
    await phone.ensure()
    await api.supervise(callId, mode, why)
    dismiss(callId)
  }
  const change = (mode: SupervisionMode) => once(async () => {
    const now = watched.value
    if (!now) return
    await api.supervise(now.callId, mode, reason.value)
    watched.value = { ...now, mode }
  })
  /** Whoever wants to leave does: what is under way is waited for, not a reason to lose the key press. */
  async function end(): Promise<void> {
    while (busy.value) await underWay.then(() => nextTick())
    await once(async () => {
      const now = watched.value
      if (!now) return
      if (taken.value) await phone.hangUp()
      else await api.endSupervision(now.callId)
      leave()
    })
  }
  /** Only who is in the call can take it; who is not comes in first. */
  const takeOver = (callId: Id, why: string) => once(async () => {
    if (watched.value?.callId !== callId) {
      await begin(callId, 'listen', why)
      const until = Date.now() + READY_WITHIN_MS
      while ((watched.value as Watched | null)?.callId !== callId) {
        if (Date.now() > until) throw new Problem(409, { code: 'call_supervisor_not_ready' })
        await new Promise((resolve) => setTimeout(resolve, 100))
      }
    }
    remember(why)
    // The end of the supervision is told before the take-over is.
    taken.value = true
    try {
      await api.takeOver(callId, why)
    } catch (error) {
      taken.value = false
      throw error
    }
  })
  function dismiss(callId: Id): void {
    helps.value = helps.value.filter((one) => one.callId !== callId)
  }

  return { watched, helps, busy, taken, reason, name, start, stop, supervise, change, end, takeOver, dismiss }
})
