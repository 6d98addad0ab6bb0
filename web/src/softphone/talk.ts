import { defineStore } from 'pinia'
import { computed, ref, watch } from 'vue'
import * as api from '@/api/calls'
import { P } from '@/api/permissions'
import { asProblem } from '@/api/problem'
import type { CallParty } from '@/api/types'
import { t } from '@/i18n'
import { serverNow } from '@/lib/clock'
import { emergencyAbout, emergencyOpen } from '@/lib/overlays'
import { done } from '@/lib/tell'
import { tellable } from '@/lib/told'
import { useFloor } from '@/stores/floor'
import { useLive } from '@/stores/live'
import { usePeople } from '@/stores/people'
import { useQueues } from '@/stores/queues'
import { useSession } from '@/stores/session'
import { useWork } from '@/stores/work'
import { usePhone } from './store'
import { receivers } from './receivers'
import { actionsAt, type TalkAction } from './talk-actions'
import { heard, learned, quiet, stageOf, type TalkState, type Told } from './talk-state'

/** The call that is mine, beyond holding and muting it. */
export const useTalk = defineStore('talk', () => {
  const phone = usePhone()
  const floor = useFloor()
  const people = usePeople()
  const session = useSession()
  const work = useWork()
  const state = ref<TalkState>({ ...quiet })
  const live = tellable<TalkState>()
  const busy = ref(false)
  /** Dialogs of the bar, opened by button and by key. */
  const transferring = ref(false)
  const keypad = ref(false)
  const writing = ref(false)
  /** Server milliseconds of the last call for help. */
  const helpAskedAt = ref<number | null>(null)

  const id = computed(() => phone.workId)
  const talking = computed(() => ['talking', 'held'].includes(floor.mine?.state ?? '') || (phone.part === 'agent' && phone.call?.phase === 'talking'))
  const stage = computed(() => stageOf(state.value))
  const thirdName = computed(() => {
    const { third } = state.value
    if (!third) return ''
    if (third.colleague) return people.nameOf(third.colleague) ?? t('talk.colleague')
    return third.queue ? useQueues().nameOf(third.queue) : t('talk.outside')
  })

  async function learn(): Promise<void> {
    const call = id.value
    if (!call || !talking.value) return
    try {
      const found = await live.ask(async () => {
        const [standing, events] = await Promise.all([api.standing(call), api.callEvents(call)])
        return learned(standing, events.items, phone.isHeld)
      })
      if (call !== id.value) return
      state.value = found
      if (found.third?.colleague && !people.nameOf(found.third.colleague)) people.learn(...(await receivers()).people)
    } catch {
      // Over already, or not to be seen: the next event tells.
    }
  }

  useLive().on(['call'], ({ data }) => {
    const told = data as Told
    if (told.call_id !== id.value) return
    const at = serverNow()
    live.tell((before) => heard(before, told, at))
    state.value = heard(state.value, told, at)
  })
  useLive().on(['reset'], () => void learn())
  watch(id, () => {
    state.value = { ...quiet }
    transferring.value = keypad.value = writing.value = false
    helpAskedAt.value = null
  })
  // A call that was there before this page: it may have a third, or be unrecorded.
  watch([id, talking], ([call, on], [before, was]) => call && on && (call !== before || !was) && void learn(), { immediate: true })
  watch(talking, (on) => {
    if (on) return
    state.value = { ...quiet }
    transferring.value = keypad.value = false
  })

  /** One after the other; what is asked again while it still waits is meant once. */
  const asked = new Map<string, Promise<void>>()
  let last: Promise<unknown> = Promise.resolve()
  function run(what: string, work: (id: string) => Promise<unknown>): Promise<void> {
    const again = asked.get(what)
    if (again) return again
    busy.value = true
    const mine = last.catch(() => {}).then(async () => {
      const call = id.value
      if (call) await work(call)
    }).finally(() => {
      asked.delete(what)
      busy.value = asked.size > 0
    })
    asked.set(what, mine)
    last = mine
    return mine
  }
  const consult = (party: CallParty) => run('consult', async (call) => {
    state.value = await live.ask(async () => {
      await api.consult(call, party)
      return { ...state.value, held: true, third: { colleague: 'agent' in party ? party.agent : null, queue: 'queue' in party ? party.queue : null, answered: false, together: false } }
    })
  })
  const transfer = (party: CallParty) => run('transfer', async (call) => {
    await api.transfer(call, party)
    done(t('talk.transferred'))
    await floor.refresh()
  })
  const swap = () => run('swap', api.swap)
  const join = () => run('join', api.join)
  const endConsult = () => run('end_consult', api.endConsult)
  const complete = () => run('complete', async (call) => {
    await api.complete(call)
    done(t('talk.completed'))
    await floor.refresh()
  })
  const togglePause = () => run('pause', async (call) => {
    const pause = !state.value.paused
    try {
      await (pause ? api.pauseRecording(call) : api.resumeRecording(call))
    } catch (error) {
      // It ran again by itself a moment ago.
      if (asProblem(error).code !== 'call_recording_not_paused') throw error
    }
    state.value = heard(state.value, { call_id: call, event: pause ? 'recording_paused' : 'recording_resumed', recording_paused: pause }, serverNow())
  })
  const help = () => run('help', async (call) => {
    await api.askForHelp(call)
    helpAskedAt.value = serverNow()
    done(t('talk.help_asked'))
  })

  const actions = computed(() => actionsAt(stage.value, state.value.paused, {
    instruct: session.can(P.writeInstructions) && session.can(P.viewMatters), emergency: session.can(P.raiseEmergencies),
  }))
  /** A key works whether or not its button has room; what cannot be done now does nothing. */
  async function act(action: TalkAction): Promise<void> {
    if (!actions.value.includes(action)) return
    switch (action) {
      case 'transfer': transferring.value = true; break
      case 'swap': return swap()
      case 'join': return join()
      case 'complete': if (state.value.third?.answered) return complete(); break
      case 'end_consult': return endConsult()
      case 'keypad': keypad.value = !keypad.value; break
      case 'pause': return togglePause()
      case 'help': return help()
      case 'instruct': writing.value = true; break
      case 'emergency':
        emergencyAbout.value = work.record?.ticket?.number ?? null
        emergencyOpen.value = true
        break
    }
  }

  return { actions, act, state, busy, transferring, keypad, writing, helpAskedAt, id, talking, stage, thirdName, consult, transfer, swap, join, endConsult, complete, togglePause, help }
})
