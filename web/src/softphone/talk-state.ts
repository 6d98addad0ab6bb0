// What goes on in the call beside the talk: who else is in it, whether it is recorded. Pure.
import type { CallEvent, CallStanding, Id } from '@/api/types'

/** A recording that was paused runs again by itself after this; the server keeps the clock. */
export const PAUSE_MS = 3 * 60_000

export interface Third {
  /** Null for a number outside, and while a queue looks for somebody. */
  colleague: Id | null
  /** The queue that is asked. */
  queue?: string | null
  answered: boolean
  together: boolean
}

export interface TalkState {
  third: Third | null
  /** The requester hears music. */
  held: boolean
  paused: boolean
  /** Server milliseconds; null while not paused, or while nobody has told since when. */
  pausedUntil: number | null
}

export const quiet: TalkState = { third: null, held: false, paused: false, pausedUntil: null }

/** The live event `call`. */
export interface Told {
  call_id: Id
  event: string
  state?: string
  held?: boolean
  recording_paused?: boolean
  third?: Third | null
}

export function heard(before: TalkState, told: Told, now: number): TalkState {
  if (told.state === 'ended') return quiet
  const paused = told.recording_paused ?? before.paused
  return {
    third: told.third === undefined ? before.third : told.third,
    held: told.held ?? before.held,
    paused,
    pausedUntil: !paused ? null : told.event === 'recording_paused' ? now + PAUSE_MS : before.pausedUntil,
  }
}

/** After a reload: what the server says, and since when from the journal. */
export function learned(standing: CallStanding, events: Pick<CallEvent, 'kind' | 'at'>[], held: boolean): TalkState {
  const last = events.filter(({ kind }) => kind === 'recording_paused' || kind === 'recording_resumed').at(-1)
  const consult = events.filter(({ kind }) => ['consulting', 'joined', 'consult_ended'].includes(kind)).at(-1)
  return {
    third: standing.third ? { colleague: standing.third.colleague ?? null, queue: (standing.third as { queue?: string | null }).queue ?? null, answered: standing.third.answered, together: consult?.kind === 'joined' } : null,
    held,
    paused: standing.recording_paused,
    pausedUntil: standing.recording_paused && last?.kind === 'recording_paused' ? Date.parse(last.at) + PAUSE_MS : null,
  }
}

/** Whole seconds until it is recorded again. */
export const pauseLeft = (talk: TalkState, now: number): number | null => (talk.pausedUntil === null ? null : Math.min(PAUSE_MS / 1000, Math.max(0, Math.ceil((talk.pausedUntil - now) / 1000))))

export type Stage = 'none' | 'calling' | 'asking' | 'waiting' | 'together'
/** Where the agent is with the third: rings, talks to him, lets him wait, all together. */
export function stageOf({ third, held }: TalkState): Stage {
  if (!third) return 'none'
  if (!third.answered) return 'calling'
  if (third.together) return 'together'
  return held ? 'asking' : 'waiting'
}
