// Rows of an attendance sheet as somebody pastes them from a table: day, seat, person, presence, minutes.
import { AWAY, type NewSheetDay, PRESENCE_KINDS, type PresenceKind } from '@/api/settlement'
import { t } from '@/i18n'

/** Rows the server takes at once. */
export const MOST_ROWS = 2_000

export interface ReadRow { line: number; text: string; day: NewSheetDay | null; /** What is wrong with it. */ fault: string }

function kindOf(said: string): PresenceKind | null {
  return PRESENCE_KINDS.find((kind) => kind === said || t(`seat_presence.${kind}`) === said) ?? null
}

/** A day as it is written in tables: 2026-04-01, 2026/4/1. */
function dayOf(said: string): string | null {
  const read = /^(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?$/.exec(said)
  if (!read) return null
  const day = `${read[1]}-${read[2]!.padStart(2, '0')}-${read[3]!.padStart(2, '0')}`
  const at = new Date(`${day}T00:00:00Z`)
  return Number.isNaN(at.getTime()) || at.toISOString().slice(0, 10) !== day ? null : day
}

function fault(cells: readonly string[]): { day: NewSheetDay | null; fault: string } {
  const [day, seat, person, presence, minutes = ''] = cells
  const wrong = (what: string) => ({ day: null, fault: t('sheet_faults.wrong', { what: t(`sheet_fields.${what}`) }) })
  const on = dayOf(day ?? '')
  if (!on) return wrong('day')
  const number = Number(/^(?:座席\s*|Z)?([1-6])$/.exec(seat ?? '')?.[1])
  if (!number) return wrong('seat')
  if (!person) return wrong('person')
  const kind = kindOf(presence ?? '')
  if (!kind) return wrong('presence')
  // Who is away has none; of anybody else they are evidence, and not guessed.
  const said = minutes === '' && AWAY.includes(kind) ? 0 : Number(minutes === '' ? NaN : minutes)
  if (!Number.isInteger(said) || said < 0 || said > 1_440 || (said === 0 && !AWAY.includes(kind))) return wrong('minutes')
  return { day: { day: on, seat: number, person, presence: kind, minutes: said }, fault: '' }
}

/** Each line that says something; a head is passed over. Cells are parted by tabs, commas or semicolons. */
export function readRows(text: string): ReadRow[] {
  const seen = new Set<string>()
  const rows: ReadRow[] = []
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    const cells = line.split(/[\t,，;；]/).map((cell) => cell.trim().replace(/^"(.*)"$/, '$1'))
    if (cells.every((cell) => !cell)) continue
    if (rows.length === 0 && !/\d/.test(cells[0]!)) continue
    const read = fault(cells)
    const key = read.day ? `${read.day.day}/${read.day.seat}/${read.day.person}` : ''
    const twice = key !== '' && seen.has(key)
    seen.add(key)
    rows.push({ line: i + 1, text: line, day: twice ? null : read.day, fault: twice ? t('sheet_faults.twice') : read.fault })
  }
  return rows
}
