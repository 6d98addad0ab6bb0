// One key for each step of a wrap-up. Letters follow the pinyin where they can; the form shows them all.
import type { RequestType, Result } from '@/api/types'

export type WrapUpAction =
  | { do: 'type'; type: RequestType }
  | { do: 'result'; result: Result }
  /** a result that needs no ticket: sets it and finishes */
  | { do: 'finish_as'; result: Result; type: RequestType | null }
  | { do: 'attach' }
  | { do: 'matter' }
  | { do: 'summary' }
  | { do: 'knowledge' }
  | { do: 'extend' }
  | { do: 'save' }
  | { do: 'leave_field' }

export const TYPE_KEYS: readonly [string, RequestType][] = [
  ['1', 'consult'], ['2', 'help'], ['3', 'complaint'], ['4', 'report'], ['5', 'suggestion'], ['6', 'praise'], ['7', 'fault'],
]

export const RESULT_KEYS: readonly [string, Result][] = [['D', 'answered'], ['G', 'follow_up'], ['Z', 'forwarded']]

export interface QuickResult {
  key: string
  /** i18n key below `wrap_up.quick` */
  word: 'misdial' | 'silent' | 'harassment' | 'consult_answered'
  result: Result
  type: RequestType | null
}

export const QUICK_RESULTS: readonly QuickResult[] = [
  { key: 'W', word: 'misdial', result: 'misdial', type: null },
  { key: 'J', word: 'silent', result: 'silent', type: null },
  { key: 'S', word: 'harassment', result: 'harassment', type: null },
  { key: 'A', word: 'consult_answered', result: 'answered', type: 'consult' },
]

export const OTHER_KEYS = { attach: 'L', matter: '/', summary: 'B', knowledge: 'K', extend: 'Y' } as const

export interface Press {
  key: string
  ctrl: boolean
  alt: boolean
  /** the focus stands in a field that takes text */
  inField: boolean
  repeat?: boolean
  /** an input method is composing; its keys are not ours */
  composing?: boolean
}

/** What a key press means to the wrap-up form; null when it means nothing. */
export function interpret(press: Press): WrapUpAction | null {
  if (press.composing || press.alt) return null
  if (press.key === 'Enter' && press.ctrl) return press.repeat ? null : { do: 'save' }
  if (press.ctrl) return null
  if (press.inField) return press.key === 'Escape' ? { do: 'leave_field' } : null
  if (press.repeat) return null

  const key = press.key.length === 1 ? press.key.toUpperCase() : press.key
  const type = TYPE_KEYS.find(([k]) => k === key)
  if (type) return { do: 'type', type: type[1] }
  const result = RESULT_KEYS.find(([k]) => k === key)
  if (result) return { do: 'result', result: result[1] }
  const quick = QUICK_RESULTS.find((q) => q.key === key)
  if (quick) return { do: 'finish_as', result: quick.result, type: quick.type }
  switch (key) {
    case OTHER_KEYS.attach: return { do: 'attach' }
    case OTHER_KEYS.matter: return { do: 'matter' }
    case OTHER_KEYS.summary: return { do: 'summary' }
    case OTHER_KEYS.knowledge: return { do: 'knowledge' }
    case OTHER_KEYS.extend: return { do: 'extend' }
    default: return null
  }
}

/** The results that stand alone, without type and matter. */
export const BARE_RESULTS: readonly Result[] = ['misdial', 'silent', 'harassment']

export interface Draft {
  request_type: RequestType | null
  matter: string | null
  result: Result | null
  ticket_id: string | null
  summary: string
}

/** What may lack before a record is complete; the server judges by the same table (tickets `WrapUp::settle`). */
export type Lack = 'request_type' | 'matter' | 'result' | 'ticket_id' | 'summary' | 'ticket_needed'

/** The first thing that is missing; null when nothing is. */
export function missing(draft: Draft): Lack | null {
  const { result } = draft
  if (!result) {
    if (!draft.request_type) return 'request_type'
    return draft.matter ? 'result' : 'matter'
  }
  if (BARE_RESULTS.includes(result)) return null
  if (result === 'attached') return draft.ticket_id ? null : 'ticket_id'
  if (result === 'answered') {
    if (draft.request_type === 'complaint' || draft.request_type === 'report') return 'ticket_needed'
    return draft.matter ? null : 'matter'
  }
  if (!draft.request_type) return 'request_type'
  if (!draft.matter) return 'matter'
  return draft.summary.trim() ? null : 'summary'
}
