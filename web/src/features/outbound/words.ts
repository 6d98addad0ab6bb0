// The words of outbound calls.
import type { Callback, FollowUpItem } from '@/api/outbound'
import { has, t } from '@/i18n'

export const purposeWord = (code: string): string => (has(`outbound_purposes.${code}`) ? t(`outbound_purposes.${code}`) : code)
/** Why a call was not let out; the codes are those of problems. */
export const refusalWord = (code: string): string => (has(`problems.${code}`) ? t(`problems.${code}`) : code)
export const CALLBACK_TONES: Record<string, string> = { open: 'amber', reached: 'green', called_in: 'green', unreached: '', no_number: '' }
export const ITEM_TONES: Record<string, string> = { waiting: '', calling: 'amber', reached: 'green', refused: '', wrong_number: '', unreached: '' }
/** A rate in basis points as a per cent with one decimal; a dash where nothing counts. */
export const rate = (bp: number | null): string => (bp === null ? '–' : `${(bp / 100).toFixed(1)} %`)
export const isLate = (row: Pick<Callback, 'open' | 'in_time'>): boolean => row.open && row.in_time === false
/** Somebody may be called now. */
export const isDue = (item: Pick<FollowUpItem, 'state' | 'next_at'>, now: number): boolean => item.state === 'waiting' && item.next_at !== null && Date.parse(item.next_at) <= now
/** A line of a list typed by hand: number, name, note, parted by commas, tabs or spaces. */
export function typedItem(line: string): { number: string; name?: string; note?: string } | null {
  const [number, name, ...rest] = line.trim().split(/[,，\t]+|\s{2,}/).map((part) => part.trim())
  if (!number) return null
  const note = rest.join(' ')
  return { number, ...(name ? { name } : {}), ...(note ? { note } : {}) }
}
