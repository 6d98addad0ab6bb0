// The softphone as a pure state machine: what happened goes in, what is shown comes out.

/** The tie between this tab and the telephone system. */
export type Link =
  | 'off'
  /** asking for the microphone */
  | 'checking'
  | 'insecure'
  | 'microphone_refused'
  | 'microphone_missing'
  | 'microphone_busy'
  | 'connecting'
  | 'registered'
  | 'lost'
  /** the server does not accept the registration */
  | 'refused'

export type Phase = 'ringing' | 'answering' | 'talking'

/** What this device was rung for: to have the call, to be asked about somebody else's, to supervise it. */
export type Part = 'agent' | 'consult' | 'supervise'

export interface PhoneCall {
  /** X-Call-Id of the INVITE; the id of the call record. */
  callId: string | null
  phase: Phase
  /** Local milliseconds, for the order of things only; timers use server times. */
  since: number
  /** The same call after a reload or a lost connection. */
  reattached: boolean
  part: Part
  /** Placed by a click of the person himself, on the page where he works on. */
  own: boolean
}

export interface PhoneState {
  /** Whether this tab holds the softphone, or another one does. */
  tab: 'none' | 'holder' | 'elsewhere'
  link: Link
  call: PhoneCall | null
  muted: boolean
  held: boolean
  /** i18n key of the last thing that went wrong in a call, cleared by the next one. */
  trouble: string | null
}

export type PhoneEvent =
  | { type: 'tab'; tab: PhoneState['tab'] }
  | { type: 'link'; link: Link }
  | { type: 'invited'; callId: string | null; reattach: boolean; at: number; part?: Part; auto?: boolean }
  /** The call was left to me: from now on it is mine. */
  | { type: 'mine'; callId: string }
  | { type: 'answering' }
  | { type: 'confirmed'; at: number }
  | { type: 'muted'; muted: boolean }
  | { type: 'held'; held: boolean }
  | { type: 'over'; trouble?: string }
  | { type: 'trouble'; trouble: string | null }

export const idle: PhoneState = { tab: 'none', link: 'off', call: null, muted: false, held: false, trouble: null }

/** The links on which no call can arrive because of the microphone. */
export const MICROPHONE_TROUBLES: readonly Link[] = ['insecure', 'microphone_refused', 'microphone_missing', 'microphone_busy']

export function next(state: PhoneState, event: PhoneEvent): PhoneState {
  switch (event.type) {
    case 'tab':
      // A tab that lost the softphone has no call of its own any more.
      return event.tab === 'holder' ? { ...state, tab: 'holder' } : { ...idle, tab: event.tab }
    case 'link':
      return { ...state, link: event.link }
    case 'invited':
      // A second call cannot ring over the first; only the same call may come back.
      if (state.call && !event.reattach) return state
      return {
        ...state,
        call: {
          callId: event.callId,
          // Who clicked himself is not rung.
          phase: event.reattach || event.auto ? 'answering' : 'ringing',
          since: event.at,
          reattached: event.reattach,
          own: event.auto ?? false,
          part: event.part ?? (event.reattach && state.call?.callId === event.callId ? state.call.part : 'agent'),
        },
        muted: event.reattach ? state.muted : false,
        held: event.reattach ? state.held : false,
        trouble: null,
      }
    case 'mine':
      return state.call?.callId === event.callId && state.call.part !== 'agent' ? { ...state, call: { ...state.call, part: 'agent' } } : state
    case 'answering':
      return state.call?.phase === 'ringing' ? { ...state, call: { ...state.call, phase: 'answering' } } : state
    case 'confirmed':
      return state.call ? { ...state, call: { ...state.call, phase: 'talking', since: event.at } } : state
    case 'muted':
      return state.call ? { ...state, muted: event.muted } : state
    case 'held':
      return state.call ? { ...state, held: event.held } : state
    case 'over':
      return { ...state, call: null, muted: false, held: false, trouble: event.trouble ?? state.trouble }
    case 'trouble':
      return { ...state, trouble: event.trouble }
  }
}
