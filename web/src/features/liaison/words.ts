// The words of what passes between the two sides, and small things its pages share.
import type { Line, PastContract, TeamMember } from '@/api/liaison'
import type { Page } from '@/api/types'
import { has, t } from '@/i18n'

/** The colour of a state; the same word has the same colour. */
export const TONES: Record<string, Record<string, string>> = {
  letter: { drafting: '', reviewing: 'amber', signed: 'blue', sealed: 'blue', sent: 'amber', received: 'amber', in_progress: 'amber', replied: 'green', archived: 'green', void: '' },
  urgent_notice: { sent: 'amber', escalated: 'amber', unreached: 'red', arrived: 'green' },
  meeting: { recorded: 'amber', confirmed: 'green' },
  meeting_action: { open: 'amber', done: 'green', cancelled: '' },
  inspection: { hidden: 'violet', released: 'amber', closed: 'green' },
  corrective_action: { open: 'amber', planned: 'blue', done: 'amber', verified: 'blue', closed: 'green', withdrawn: '' },
  rectification: { issued: 'amber', answered: 'blue', verified: 'green', withdrawn: '' },
  regulation: { in_force: 'green', retired: '' },
  site_change: { draft: '', submitted: 'amber', returned: 'red', approved: 'blue', effective: 'green', effective_pending_ratification: 'red', revoked: 'red', archived: 'green', withdrawn: '' },
  special_task: { requested: 'amber', planned: 'blue', working: 'blue', delivered: 'amber', accepted: 'green', withdrawn: '' },
  daily_check: { ok: 'green', defect: 'red', fixed: 'blue' },
  past_contract: { recorded: 'amber', verified: 'green', void: '' },
  paper_sheet: { printed: 'amber', closed: 'green' },
}
export const toneOf = (kind: string, state: string): string => TONES[kind]?.[state] ?? 'blue'
const known = (key: string, code: string): string => (has(`${key}.${code}`) ? t(`${key}.${code}`) : code)
export const stateWord = (kind: string, state: string): string => known(`${kind}_states`, state)
export const sideWord = (side: string): string => known('liaison_sides', side)

/** The way of a case in its usual order, and how far it is. */
export function progress(way: readonly string[], state: string): { state: string; place: 'done' | 'now' | 'ahead' }[] {
  const now = way.indexOf(state)
  return way.map((step, i) => ({ state: step, place: now < 0 || i > now ? 'ahead' : i < now || i === way.length - 1 ? 'done' : 'now' }))
}

/** What happened, in words; one word may have another meaning for another kind of thing. */
export function lineWord(kind: string, action: string): string {
  const own = `liaison_lines.${kind}.${action}`
  return has(own) ? t(own) : known('liaison_lines.any', action)
}
export const lineNote = (line: Pick<Line, 'note'>): string => line.note ?? ''

/** A short list that came whole, looked through and paged here. */
export function asPage<T>(items: readonly T[], query: Record<string, string | number | undefined>, wordsOf: (one: T) => string): Page<T> {
  const words = String(query.q ?? '').trim().toLowerCase().split(/\s+/).filter(Boolean)
  const found = items.filter((one) => {
    const text = wordsOf(one).toLowerCase()
    return words.every((word) => text.includes(word))
  })
  const size = Number(query.per_page ?? 30)
  const from = Number(query.cursor ?? 0)
  return { items: found.slice(from, from + size), next: from + size < found.length ? String(from + size) : null, total: found.length, total_capped: false }
}

/** Text as paragraphs: one a line, the empty ones left out. */
export const paragraphs = (text: string): string[] => text.split('\n').map((line) => line.trim()).filter(Boolean)

/** A template with its holes filled; what is not known yet stands as its name in brackets. */
export const filled = (text: string, values: Readonly<Record<string, string>>, names: Readonly<Record<string, string>>): string =>
  text.replace(/\{\{([^}]*)\}\}/g, (_, hole: string) => values[hole]?.trim() || `〔${names[hole] ?? hole}〕`)

/** Minutes as hours with a decimal: 450 → 7.5. */
export const hours = (minutes: number): string => String(Math.round(minutes / 6) / 10)

export interface Branch { member: TeamMember; below: Branch[] }
/** The team as a tree by whom each reports to; who reports to nobody that is there stands at the top. */
export function branches(members: readonly TeamMember[]): Branch[] {
  const there = new Set(members.map((one) => one.id))
  const under = (chief: string | null, above: ReadonlySet<string>): Branch[] =>
    members.filter((one) => !above.has(one.id) && (chief === null ? !one.reports_to || !there.has(one.reports_to) : one.reports_to === chief)).map((member) => ({ member, below: under(member.id, new Set([...above, member.id])) }))
  return under(null, new Set())
}

const monthOf = (day: string): number => Number(day.slice(0, 4)) * 12 + Number(day.slice(5, 7)) - 1
export interface Bar { contract: PastContract; from: number; length: number; lane: number }
/** Contracts as bars on a scale of months that begins with the first; those that overlap stand in lanes of their own. */
export function bars(contracts: readonly PastContract[], today: string): { bars: Bar[]; first: number; months: number; lanes: number; years: { year: number; at: number }[] } {
  const rows = [...contracts].sort((a, b) => a.from_day.localeCompare(b.from_day))
  if (!rows.length) return { bars: [], first: 0, months: 0, lanes: 0, years: [] }
  const first = monthOf(rows[0]!.from_day)
  const last = Math.max(monthOf(today), ...rows.map((one) => monthOf(one.until_day)))
  const free: number[] = []
  const drawn = rows.map((contract) => {
    const from = monthOf(contract.from_day) - first
    const length = Math.max(1, monthOf(contract.until_day) - monthOf(contract.from_day))
    let lane = free.findIndex((until) => until <= from)
    if (lane < 0) lane = free.length
    free[lane] = from + length
    return { contract, from, length, lane }
  })
  const months = last - first + 1
  const years = []
  for (let year = Math.ceil(first / 12); year * 12 <= last; year++) years.push({ year, at: year * 12 - first })
  return { bars: drawn, first, months, lanes: free.length, years }
}
