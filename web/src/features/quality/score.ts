// What marks come to, as the server counts it: shown while somebody scores; what is kept is the server's.
import type { CardBody, CardItem, ItemMark, Marks } from '@/api/quality'

export interface Running {
  /** Tenths of a point; null while a mark is missing. */
  tenths: number | null
  passed: boolean
  fatal: string[]
  /** Codes of what still needs a mark or a comment. */
  missing: string[]
}

/** Points that were taken need a word here. */
export const needsComment = (item: CardItem, mark: Pick<ItemMark, 'tenths'>): boolean =>
  mark.tenths !== null && ((item.comment_required && mark.tenths < item.weight * 10) || (item.fatal !== null && mark.tenths === 0))

export function running(card: CardBody, marks: Marks): Running {
  let points = 0
  let of = 0
  const fatal = new Set<string>()
  const missing: string[] = []
  let unmarked = false
  for (const item of card.items) {
    const mark = marks.items.find((one) => one.code === item.code)
    if (!mark || (mark.tenths === null && !item.may_not_apply)) {
      missing.push(item.code)
      unmarked = true
      continue
    }
    if (needsComment(item, mark) && !mark.comment.trim()) missing.push(item.code)
    if (mark.tenths === null) continue
    if (mark.tenths === 0 && item.fatal) fatal.add(item.fatal)
    points += mark.tenths
    of += item.weight * 10
  }
  for (const found of marks.vetoes) {
    const veto = card.vetoes.find((one) => one.code === found.code)
    if (veto) fatal.add(veto.kind)
    if (!found.comment.trim()) missing.push(found.code)
  }
  const counted = of > 0 ? Math.floor((points * 1000 + Math.floor(of / 2)) / of) : 0
  const tenths = fatal.size ? 0 : unmarked ? null : counted
  return { tenths, passed: fatal.size === 0 && tenths !== null && tenths >= card.pass_tenths, fatal: [...fatal].sort(), missing }
}

/** Full marks, to take points from. */
export const blank = (card: CardBody): Marks => ({
  items: card.items.map((item) => ({ code: item.code, tenths: item.weight * 10, comment: '', evidence: [] })), vetoes: [], comment: '',
})

/** 905 → 90.5 */
export const points = (tenths: number | null | undefined): string => (tenths === null || tenths === undefined ? '—' : String(tenths / 10))
