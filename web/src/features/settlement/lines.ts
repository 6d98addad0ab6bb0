// The lines of a statement as a table of seats by months, and what one round changed of the one before.
import type { StatementLine } from '@/api/settlement'

type Counted = Pick<StatementLine, 'month' | 'seat' | 'from_day' | 'until_day' | 'halves' | 'of_halves' | 'amount_fen' | 'short_days'>

export interface MonthColumn { month: number; from_day: string; until_day: string; halves: number; of_halves: number; amount_fen: number }
export interface SeatRow<T> { seat: number; /** In the order of the months; null where there is no such line. */ cells: (T | null)[]; halves: number; of_halves: number; amount_fen: number }
export interface Matrix<T> { months: MonthColumn[]; seats: SeatRow<T>[]; halves: number; of_halves: number; amount_fen: number }

/** The key of a line on either side of a comparison. */
export const keyOf = (line: Pick<Counted, 'month' | 'seat'>): string => `${line.month}/${line.seat}`

const sums = (lines: readonly Counted[]): { halves: number; of_halves: number; amount_fen: number } => ({
  halves: lines.reduce((sum, one) => sum + one.halves, 0),
  of_halves: lines.reduce((sum, one) => sum + one.of_halves, 0),
  amount_fen: lines.reduce((sum, one) => sum + one.amount_fen, 0),
})

/** Seats down, months across, with the sums of both. */
export function matrixOf<T extends Counted>(lines: readonly T[]): Matrix<T> {
  const numbers = (of: (line: T) => number): number[] => [...new Set(lines.map(of))].sort((a, b) => a - b)
  const months = numbers((line) => line.month).map((month) => {
    const own = lines.filter((line) => line.month === month)
    return { month, from_day: own[0]!.from_day, until_day: own[0]!.until_day, ...sums(own) }
  })
  const byKey = new Map(lines.map((line) => [keyOf(line), line]))
  const seats = numbers((line) => line.seat).map((seat) => ({
    seat, cells: months.map(({ month }) => byKey.get(`${month}/${seat}`) ?? null), ...sums(lines.filter((line) => line.seat === seat)),
  }))
  return { months, seats, ...sums(lines) }
}

/** Somebody was missing on this seat in this month. */
export const isShort = (line: Pick<Counted, 'halves' | 'of_halves'>): boolean => line.halves < line.of_halves

export interface Change { month: number; seat: number; before_fen: number; after_fen: number; delta_fen: number; before_halves: number; after_halves: number }
/** What one round changed of the one before: by month and seat, only where it did. */
export function changesOf(before: readonly Pick<Counted, 'month' | 'seat' | 'halves' | 'amount_fen'>[], after: readonly Pick<Counted, 'month' | 'seat' | 'halves' | 'amount_fen'>[]): Change[] {
  const was = new Map(before.map((line) => [keyOf(line), line]))
  const is = new Map(after.map((line) => [keyOf(line), line]))
  const changed = [...new Set([...was.keys(), ...is.keys()])].map((key): Change => {
    const [old, now] = [was.get(key), is.get(key)]
    const { month, seat } = (now ?? old)!
    const [before_fen, after_fen] = [old?.amount_fen ?? 0, now?.amount_fen ?? 0]
    return { month, seat, before_fen, after_fen, delta_fen: after_fen - before_fen, before_halves: old?.halves ?? 0, after_halves: now?.halves ?? 0 }
  })
  return changed.filter((one) => one.delta_fen !== 0 || one.before_halves !== one.after_halves).sort((a, b) => a.month - b.month || a.seat - b.seat)
}
