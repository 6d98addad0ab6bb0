// Money of a statement as people read it: differences with their sign, and by which rule a line was counted.
import { t } from '@/i18n'
import { yuan } from '@/features/personnel/words'

/** A difference with its sign: +120.00, −35.50. */
export const signed = (fen: number): string => `${fen > 0 ? '+' : fen < 0 ? '−' : ''}${yuan(Math.abs(fen))}`

/** Half days as days: 42 → 21, 41 → 20.5. */
export const days = (halves: number): string => String(halves / 2)

/** Basis points as a percentage without empty places: 600 → 6%, 4980 → 49.8%. */
export const rate = (bp: number): string => `${bp / 100}%`

export interface Part { price_fen: number; halves: number }
/** The rule of a line, taken apart: `(833333×20+800000×22)/42`. Null for what is no rule of ours. */
export function partsOf(rule: string): { parts: Part[]; of_halves: number } | null {
  const said = /^\(([\d×+]*)\)\/(\d+)$/.exec(rule)
  if (!said) return null
  const parts = said[1]!.split('+').filter(Boolean).map((one) => {
    const [price = 0, halves = 0] = one.split('×').map(Number)
    return { price_fen: price, halves }
  })
  return { parts, of_halves: Number(said[2]) }
}

/** The rule in words: (8,333.33 × 10 天 + 8,000.00 × 11 天) ÷ 21 天. */
export function ruleWord(rule: string): string {
  const read = partsOf(rule)
  if (!read) return rule
  const terms = read.parts.map((part) => t('settlement.term', { price: yuan(part.price_fen), days: days(part.halves) }))
  const over = terms.length > 1 ? `(${terms.join(' + ')})` : (terms[0] ?? '0')
  return `${over} ÷ ${t('settlement.days', { n: days(read.of_halves) })}`
}
