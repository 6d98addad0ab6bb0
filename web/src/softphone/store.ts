import { defineStore } from 'pinia'
import { computed, ref, shallowRef, watch } from 'vue'
import * as callsApi from '@/api/calls'
import { asProblem, Problem } from '@/api/problem'
import { useFloor } from '@/stores/floor'
import { useLive } from '@/stores/live'
import { type Command, TabLock, type TabMessage } from './lock'
import { MicrophoneTrouble, openMicrophone, release, silence } from './microphone'
import { Ringer } from './ringer'
import { idle, MICROPHONE_TROUBLES, next, type PhoneEvent, type PhoneState } from './state'
import type { SoftphoneUa } from './ua'

export type Device = 'browser' | 'desk_phone'

const DEVICE_KEY = 'shoujie.device'
/** Microphone, sockets and registration; then somebody is told that there is no device. */
const REGISTERED_WITHIN_MS = 10_000

/** The softphone of this console: the one thing that survives every navigation. */
export const usePhone = defineStore('phone', () => {
  const floor = useFloor()
  const state = ref<PhoneState>({ ...idle })
  const device = ref<Device>(localStorage.getItem(DEVICE_KEY) === 'desk_phone' ? 'desk_phone' : 'browser')
  const busy = ref(false)
  /** In a demonstration a machine without a microphone may still listen. */
  const listenOnly = ref(false)
  const ua = shallowRef<SoftphoneUa | null>(null)
  const ringer = new Ringer()
  const sound = new Audio()
  let stream: MediaStream | null = null
  let username = ''
  let lock: TabLock | null = null
  /** Who only supervises has a device once he does: nobody is asked for a microphone for nothing. */
  let lazy = false
  let channel: BroadcastChannel | null = null

  const call = computed(() => state.value.call)
  const troubled = computed(() => MICROPHONE_TROUBLES.includes(state.value.link))

  function feed(event: PhoneEvent): void {
    state.value = next(state.value, event)
    if (state.value.tab === 'holder') say({ state: { ...state.value } })
  }

  function say(message: TabMessage): void {
    channel?.postMessage(JSON.parse(JSON.stringify(message)))
  }

  /** Begins when somebody who takes calls, or supervises them, has signed in. */
  function start(user: { id: string; username: string }, onDemand = false): void {
    if (lock) return
    lazy = onDemand
    username = user.username
    channel = 'BroadcastChannel' in window ? new BroadcastChannel(`shoujie-softphone-${user.id}`) : null
    if (channel) channel.onmessage = ({ data }: MessageEvent<TabMessage>) => heard(data)
    lock = new TabLock(`shoujie-softphone-${user.id}`, held, lost)
    state.value = { ...idle }
    void lock.acquire()
    say({ ask: true })
    setTimeout(() => {
      if (lock && state.value.tab === 'none') state.value = { ...state.value, tab: 'elsewhere' }
    }, 600)
  }

  function stop(): void {
    disconnect()
    lock?.drop()
    lock = null
    channel?.close()
    channel = null
    state.value = { ...idle }
  }

  function held(): void {
    feed({ type: 'tab', tab: 'holder' })
    if (device.value === 'browser' && !lazy) void connect()
  }

  function lost(): void {
    disconnect()
    feed({ type: 'tab', tab: 'elsewhere' })
    // Waits behind the tab that took over.
    void lock?.acquire()
  }

  function heard(message: TabMessage): void {
    if (state.value.tab === 'holder') {
      if ('ask' in message) say({ state: { ...state.value } })
      else if ('command' in message) obey(message.command)
    } else if ('state' in message) {
      state.value = { ...message.state, tab: 'elsewhere' }
    }
  }

  function obey(command: Command): void {
    if (command === 'answer') void answer()
    else if (command === 'decline') decline()
    else if (command === 'hang_up') void hangUp()
    else void connect()
  }

  /** Takes the softphone over from another tab. */
  function takeOver(): void {
    void lock?.acquire(true)
  }

  /** Registered now, or in a moment; refuses with what stands in the way. */
  async function ensure(): Promise<void> {
    if (device.value === 'desk_phone' || state.value.link === 'registered') return
    lazy = false
    retry()
    const until = Date.now() + REGISTERED_WITHIN_MS
    while (Date.now() < until && !troubled.value) {
      if ((state.value.link as string) === 'registered') return
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    throw new Problem(409, { code: 'no_device' })
  }

  /** Checks the microphone before anything can ring, then registers. */
  async function connect(): Promise<void> {
    disconnect()
    feed({ type: 'link', link: 'checking' })
    if (!listenOnly.value) {
      try {
        release(await openMicrophone())
      } catch (error) {
        feed({ type: 'link', link: error instanceof MicrophoneTrouble ? error.link : 'microphone_refused' })
        return
      }
    }
    feed({ type: 'link', link: 'connecting' })
    const { SoftphoneUa: Ua } = await import('./ua')
    if (state.value.tab !== 'holder' || device.value !== 'browser') return
    ua.value = new Ua(username, {
      link: (link) => feed({ type: 'link', link }),
      invited: ({ callId, reattach, part, auto }) => {
        feed({ type: 'invited', callId, reattach, at: Date.now(), auto, ...(part ? { part } : {}) })
        if (reattach || auto) void pickUp()
      },
      confirmed: () => {
        feed({ type: 'confirmed', at: Date.now() })
        const { call: found } = state.value
        if (found?.reattached && found.callId && found.part === 'agent') void learnMuted(found.callId).catch(() => {})
        void floor.refresh()
      },
      over: () => {
        over()
        void floor.refresh()
      },
      remote: (remote) => {
        sound.srcObject = remote
        void sound.play().catch(() => feed({ type: 'trouble', trouble: 'sound_blocked' }))
      },
    })
    ua.value.start()
  }

  function disconnect(): void {
    ua.value?.stop()
    ua.value = null
    over()
    if (state.value.link !== 'off') feed({ type: 'link', link: 'off' })
  }

  function over(trouble?: string): void {
    release(stream)
    stream = null
    sound.srcObject = null
    if (state.value.call || trouble) feed({ type: 'over', ...(trouble ? { trouble } : {}) })
  }

  async function answer(): Promise<void> {
    if (state.value.tab === 'elsewhere') return say({ command: 'answer' })
    if (state.value.call?.phase !== 'ringing') return
    feed({ type: 'answering' })
    await pickUp()
  }

  async function pickUp(): Promise<void> {
    try {
      stream = listenOnly.value ? silence() : await openMicrophone()
      ua.value?.answer(stream)
    } catch (error) {
      // The caller must not wait for a desk that cannot speak: give the call back to the queue.
      ua.value?.decline()
      const link = error instanceof MicrophoneTrouble ? error.link : 'microphone_refused'
      over(link)
      feed({ type: 'link', link })
      const broken = ua.value
      ua.value = null
      broken?.stop()
    }
  }

  function decline(): void {
    if (state.value.tab === 'elsewhere') return say({ command: 'decline' })
    ua.value?.decline()
  }

  /**
   * Ends the call. The server does it: a BYE of ours would race with our own media closing, which looks
   * like a lost device. Only a server that cannot be reached leaves us the BYE.
   */
  async function hangUp(): Promise<void> {
    const id = workId.value
    // Who is asked leaves; the call is another's.
    if ((state.value.call?.phase === 'answering' && !state.value.call.reattached) || !id || part.value !== 'agent') return byeOrCommand()
    try {
      await callsApi.hangUp(id)
    } catch (error) {
      if (state.value.call) return byeOrCommand()
      throw error
    }
    await floor.refresh()
  }
  function byeOrCommand(): void {
    if (state.value.tab === 'elsewhere') say({ command: 'hang_up' })
    else ua.value?.hangUp()
  }

  /** Asked on a desk phone, of which this page has no call; set by who learns it. */
  const askedAtDesk = ref(false)
  /** What the call in this device, or in my desk phone, is to me. */
  const part = computed(() => state.value.call?.part ?? (askedAtDesk.value ? 'consult' : 'agent'))
  /** The call that is mine: with a record, a wrap-up, and all that can be done with it. */
  const workId = computed(() => {
    // Who is asked works at a colleague's call: what the floor counts for him has neither record nor requester.
    if (part.value === 'consult') return null
    return (part.value === 'agent' ? state.value.call?.callId : null) ?? floor.workId
  })
  // Consulted or supervising, and then the call was left to me.
  watch(() => [floor.workId, state.value.call?.callId], ([id]) => id && feed({ type: 'mine', callId: id }))
  useLive().on(['call'], ({ data }) => {
    const told = data as { call_id: string; event: string }
    if (told.event === 'handed_over' || told.event === 'taken_over') feed({ type: 'mine', callId: told.call_id })
  })

  async function toggleHold(): Promise<void> {
    const id = workId.value
    if (!id || busy.value) return
    busy.value = true
    const held = !isHeld.value
    try {
      await (held ? callsApi.hold(id) : callsApi.unhold(id))
      showHeld(held)
    } catch (error) {
      const problem = asProblem(error)
      // The server had it so already: this tab had not heard yet.
      if (problem.code !== 'call_already_held' && problem.code !== 'call_not_held') throw problem
      showHeld(held)
    } finally {
      busy.value = false
    }
  }

  function showMuted(muted: boolean): void {
    state.value = { ...state.value, muted }
    if (state.value.tab === 'holder') say({ state: { ...state.value } })
  }

  /** After a reload only the call's journal knows whether the agent had muted himself. */
  async function learnMuted(id: string): Promise<void> {
    const { items } = await callsApi.callEvents(id)
    const last = items.filter((event) => event.kind === 'muted' || event.kind === 'unmuted').at(-1)
    const muted = last?.kind === 'muted'
    ua.value?.silence(muted)
    showMuted(muted)
  }

  async function toggleMute(): Promise<void> {
    const id = workId.value
    if (part.value !== 'agent') {
      ua.value?.silence(!state.value.muted)
      return showMuted(!state.value.muted)
    }
    if (!id || busy.value) return
    busy.value = true
    const muted = !state.value.muted
    ua.value?.silence(muted)
    try {
      await (muted ? callsApi.mute(id) : callsApi.unmute(id))
      showMuted(muted)
    } catch (error) {
      const problem = asProblem(error)
      // The server had it so already: this tab did not know, after a reload.
      if (problem.code === 'call_already_muted' || problem.code === 'call_not_muted') return showMuted(muted)
      ua.value?.silence(!muted)
      throw problem
    } finally {
      busy.value = false
    }
  }

  /** What was asked for counts at once, then what the floor says. */
  const isHeld = computed(() => state.value.held)
  function showHeld(held: boolean): void {
    state.value = { ...state.value, held }
    if (state.value.tab === 'holder') say({ state: { ...state.value } })
  }
  watch(() => floor.mine?.state, (now) => showHeld(now === 'held'))

  function choose(kind: Device): void {
    device.value = kind
    localStorage.setItem(DEVICE_KEY, kind)
    if (state.value.tab !== 'holder') return
    if (kind === 'browser') void connect()
    else disconnect()
  }

  function retry(withoutMicrophone = false): void {
    listenOnly.value = withoutMicrophone
    if (state.value.tab === 'elsewhere') say({ command: 'retry' })
    else void connect()
  }

  /** A browser ring or a desk phone's; the tab that holds the softphone makes the sound. */
  const ringing = computed(() => state.value.call?.phase === 'ringing')
  watch(ringing, (now) => (now && state.value.tab === 'holder' ? ringer.start() : ringer.stop()))
  // A call that is over at the server leaves no mute behind.
  watch(() => floor.workId, (id) => {
    if (!id && !state.value.call && state.value.muted) state.value = { ...state.value, muted: false }
  })

  for (const touch of ['pointerdown', 'keydown'] as const) {
    addEventListener(touch, () => {
      ringer.unlock()
      if (sound.srcObject && sound.paused) void sound.play().then(() => feed({ type: 'trouble', trouble: null }))
    }, { passive: true })
  }

  return {
    state, device, busy, call, troubled, ringing, isHeld, workId, part, askedAtDesk, listenOnly,
    start, stop, connect, ensure, takeOver, answer, decline, hangUp, toggleHold, toggleMute, choose, retry,
  }
})
