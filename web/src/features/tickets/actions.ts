// What can be done to a ticket: which fields an action needs, how loud its button is. Whether it can be done now,
// and by whom, is the server's word (`actions` of the ticket).
import type { Offered } from '@/api/types'

export type FieldName = 'granted' | 'to' | 'said' | 'n' | 'until' | 'reason' | 'answer' | 'resolution'
export interface ActionField { name: FieldName; optional?: boolean }
export interface ActionKind {
  fields: ActionField[]
  /** `main` stands first and filled, `more` waits in the menu. */
  place: 'main' | 'plain' | 'more'
  danger?: boolean
}

const reason: ActionField = { name: 'reason' }
const perhaps: ActionField = { name: 'reason', optional: true }

export const ACTION_KINDS: Record<string, ActionKind> = {
  sign: { fields: [], place: 'main' },
  accept_transfer: { fields: [], place: 'main' },
  refuse_transfer: { fields: [perhaps], place: 'plain' },
  reply: { fields: [{ name: 'answer' }], place: 'main' },
  approve: { fields: [perhaps], place: 'main' },
  send_back: { fields: [reason], place: 'plain', danger: true },
  decide: { fields: [{ name: 'granted' }, reason], place: 'main' },
  revisit: { fields: [{ name: 'said' }, perhaps], place: 'main' },
  resume: { fields: [], place: 'main' },
  close: { fields: [{ name: 'resolution' }], place: 'plain' },
  offer_transfer: { fields: [{ name: 'to' }, reason], place: 'plain' },
  reassign: { fields: [{ name: 'to' }, reason], place: 'plain' },
  suspend: { fields: [reason], place: 'plain' },
  ask_extension: { fields: [{ name: 'n' }, reason], place: 'plain' },
  ask_return: { fields: [reason], place: 'more' },
  urge: { fields: [reason], place: 'plain' },
  supervise: { fields: [{ name: 'until' }, reason], place: 'more' },
  reopen: { fields: [reason], place: 'plain' },
  reject: { fields: [reason], place: 'more', danger: true },
  archive: { fields: [], place: 'more' },
}
const UNKNOWN: ActionKind = { fields: [perhaps], place: 'more' }
export const kindOf = (action: string): ActionKind => ACTION_KINDS[action] ?? UNKNOWN

/** The buttons in their order. The same name at two desks is one button: the first desk does it. */
export function arrange(offered: Offered[]): { shown: Offered[]; more: Offered[] } {
  const order = Object.keys(ACTION_KINDS)
  const once = offered.filter((one, i) => offered.findIndex((other) => other.action === one.action) === i)
  const sorted = once.sort((a, b) => (order.indexOf(a.action) + 99) % 99 - (order.indexOf(b.action) + 99) % 99)
  const place = (one: Offered) => kindOf(one.action).place
  const shown = [...sorted.filter((one) => place(one) === 'main'), ...sorted.filter((one) => place(one) === 'plain')]
  const rest = sorted.filter((one) => place(one) === 'more')
  // More than six in a row is a wall: the later ones go to the menu.
  return { shown: shown.slice(0, 6), more: [...shown.slice(6), ...rest] }
}

/** `{ working_days: 2 }` as the unit and number that an extension is asked in. */
export function limitParts(limit: Record<string, number> | undefined): { unit: string; n: number } | null {
  const [entry] = Object.entries(limit ?? {})
  return entry ? { unit: entry[0], n: entry[1] } : null
}
