import type { Dispatched } from '@/api/types'
import { t } from '@/i18n'

/** Remarks by row, in the order of the file: a row is mended as a whole. */
export function byRow<T extends { row: number }>(remarks: T[]): [number, T[]][] {
  const rows = new Map<number, T[]>()
  for (const remark of remarks) rows.set(remark.row, [...(rows.get(remark.row) ?? []), remark])
  return [...rows].sort((a, b) => a[0] - b[0])
}

/** Why somebody is given an order: the rule by name and how its people take turns, or why the shift lead has it. */
export function dispatchWord(one: Pick<Dispatched, 'reason' | 'rule' | 'way'>): string {
  const by = one.rule && one.way ? `${one.rule} · ${t(`dispatch_ways.${one.way}`)}` : ''
  return [by, one.reason === 'rule' ? '' : t(`dispatch_reasons.${one.reason}`)].filter(Boolean).join(' ')
}

/** How many each is given, who has most first. */
export function sharesOf(given: Pick<Dispatched, 'owner' | 'person'>[]): [string, number][] {
  const shares = new Map<string, [string, number]>()
  for (const one of given) {
    const share = shares.get(one.owner) ?? [one.person?.name ?? t('tickets.somebody'), 0]
    shares.set(one.owner, [share[0], share[1] + 1])
  }
  return [...shares.values()].sort((a, b) => b[1] - a[1])
}
