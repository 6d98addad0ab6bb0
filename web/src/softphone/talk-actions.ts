// What can be done with the call now, in the order of need, and how much of it the bar has room for. Pure.
import type { Stage } from './talk-state'

/** Letters go with Alt, so that they work while one writes. */
export const TALK_KEYS = {
  transfer: 'Alt X', swap: 'Alt V', join: 'Alt O', complete: 'Alt W', end_consult: 'Alt Z', keypad: 'Alt K', pause: 'Alt P', help: 'Alt H', instruct: 'Alt Q', emergency: 'Alt M',
} as const
export type TalkAction = keyof typeof TALK_KEYS

const BY_CODE = Object.fromEntries(Object.entries(TALK_KEYS).map(([action, key]) => [`Key${key.at(-1)}`, action])) as Record<string, TalkAction>

export function talkKey(press: { code: string; altKey: boolean; ctrlKey: boolean; metaKey: boolean; shiftKey: boolean; isComposing: boolean }): TalkAction | null {
  if (!press.altKey || press.ctrlKey || press.metaKey || press.shiftKey || press.isComposing) return null
  return BY_CODE[press.code] ?? null
}

export interface Rights { instruct: boolean; emergency: boolean }

/** Most needed first. */
export function actionsAt(stage: Stage, paused: boolean, may: Rights): TalkAction[] {
  const third: Record<Stage, TalkAction[]> = {
    none: ['transfer'],
    calling: ['end_consult'],
    asking: ['complete', 'join', 'swap', 'end_consult'],
    waiting: ['complete', 'join', 'swap', 'end_consult'],
    together: ['complete', 'end_consult'],
  }
  return [
    // A recording that stands still must not be forgotten.
    ...(paused ? (['pause'] as const) : []), ...third[stage], 'keypad', ...(paused ? [] : (['pause'] as const)), 'help',
    ...(may.instruct ? (['instruct'] as const) : []), ...(may.emergency ? (['emergency'] as const) : []),
  ]
}

const WIDE = 14
const NARROW = 8
const PADDING = 24
const GAP = 8
/** The arrow of the menu. */
const ARROW = 20
/** About how wide a button with this word is; rather too wide than too narrow. */
export const widthOf = (word: string): number => [...word].reduce((sum, char) => sum + (char > '⺀' ? WIDE : NARROW), PADDING) + GAP

/** How many of these stand in `room` side by side; the rest goes into the menu, whose button then needs its place too. */
export function fitting(words: string[], room: number, menu: string): number {
  const widths = words.map(widthOf)
  const sum = (n: number): number => widths.slice(0, n).reduce((a, b) => a + b, 0)
  if (sum(words.length) <= room) return words.length
  let n = words.length - 1
  while (n > 0 && sum(n) + widthOf(menu) + ARROW > room) n -= 1
  return n
}
