// The tables of dates that agents answer from (A-08): which windows a row has, what of it is internal, what is open now.
import type { LookupEntry, LookupFields, LookupRow, LookupTable } from '@/api/knowledge'
import { has, t } from '@/i18n'
import { day, shortTime } from '@/lib/format'

/** From when to when; without an end it stays, without a beginning it is a last moment. The names are those of the fields. */
export interface Window { key: string; from: string | null; to: string | null }
export interface Fact { key: string; internal?: boolean; rows?: number }
interface Shape {
  windows: readonly Window[]
  facts: readonly Fact[]
}

const window = (key: string): Window => ({ key, from: `${key}_from`, to: `${key}_to` })
const deadline = (key: string): Window => ({ key, from: null, to: `${key}_to` })
const since = (key: string, field: string): Window => ({ key, from: field, to: null })
const INTERNAL: Fact = { key: 'internal_note', internal: true, rows: 3 }

/** As on the server (knowledge `lookup`). */
export const TABLES: Record<LookupTable, Shape> = {
  'exam-plans': {
    windows: [window('registration'), deadline('payment'), window('print'), window('exam'), since('score', 'score_at'), window('review'), since('certificate', 'certificate_from')],
    facts: [{ key: 'entrance' }, { key: 'fee' }, { key: 'note', rows: 3 }, INTERNAL],
  },
  'title-batches': {
    windows: [window('apply'), window('accept'), deadline('supplement'), window('evaluation'), window('publicity'), since('certificate', 'certificate_from')],
    facts: [{ key: 'series' }, { key: 'level' }, { key: 'board' }, { key: 'accept_point', rows: 2 }, { key: 'progress' }, { key: 'note', rows: 3 }, INTERNAL],
  },
}

/** Of what has no end, and of a last moment, there is no `open`: it has come or it has not. */
export type WindowState = 'unknown' | 'ahead' | 'open' | 'over'

const at = (fields: LookupFields, key: string | null): string | null => (key && fields[key] ? fields[key] : null)

export function windowState(fields: LookupFields, one: Window, now: number): WindowState {
  const from = at(fields, one.from)
  const to = at(fields, one.to)
  if (!from && !to) return 'unknown'
  if (from && now < Date.parse(from)) return 'ahead'
  if (one.to === null) return 'over'
  if (to && now > Date.parse(to)) return 'over'
  return one.from === null ? 'ahead' : 'open'
}

/** Both ends as they are said; midnights are days. */
export function ends(fields: LookupFields, one: Window): { from: string; to: string } {
  return { from: said(at(fields, one.from), false), to: said(at(fields, one.to), true) }
}
function said(moment: string | null, end: boolean): string {
  if (!moment) return ''
  const short = shortTime(moment)
  if (!short.endsWith(' 00:00')) return short
  // What ends at midnight ends with the day before.
  return shortTime(end ? new Date(Date.parse(moment) - 60_000) : moment).replace(/ \d\d:\d\d$/, '')
}

export interface Now { key: string; state: 'open' | 'ahead' | 'done'; at: string }

/** What a row says today: everything that is open, else what comes next, else what was last. */
export function nowOf(table: LookupTable, fields: LookupFields, now: number): Now[] {
  const windows = TABLES[table].windows.filter((one) => one.from !== null)
  const of = (state: WindowState) => windows.filter((one) => windowState(fields, one, now) === state)
  const open = of('open')
  if (open.length) return open.map((one) => ({ key: one.key, state: 'open', at: ends(fields, one).to }))
  const ahead = of('ahead').sort((a, b) => at(fields, a.from)!.localeCompare(at(fields, b.from)!))[0]
  if (ahead) return [{ key: ahead.key, state: 'ahead', at: ends(fields, ahead).from }]
  const done = of('over').at(-1)
  return done ? [{ key: done.key, state: 'done', at: ends(fields, done).to || ends(fields, done).from }] : []
}

/** What is open now stands first, then what comes next. */
export function sorted<T extends { name: string; fields: LookupFields }>(table: LookupTable, rows: readonly T[], now: number): T[] {
  const weight = (row: T) => ({ open: 0, ahead: 1, done: 2 })[nowOf(table, row.fields, now)[0]?.state ?? 'done']
  return [...rows].sort((a, b) => weight(a) - weight(b) || a.name.localeCompare(b.name, 'zh-CN'))
}

/** What a row is found by. */
export const wordsOfRow = (row: { code: string; year: number; name: string; fields: LookupFields }): string => `${row.name} ${row.year} ${row.fields.series ?? ''} ${row.fields.level ?? ''}`

const momentsOf = (table: LookupTable): string[] => TABLES[table].windows.flatMap((one) => [one.from, one.to]).filter((key): key is string => key !== null)
/** Every field of a table, in the order of the form. */
export const fieldsOf = (table: LookupTable): string[] => [...momentsOf(table), ...TABLES[table].facts.map((fact) => fact.key)]
/** What the public may see at all. */
export const openFields = (table: LookupTable): string[] => fieldsOf(table).filter((key) => !TABLES[table].facts.some((fact) => fact.internal && fact.key === key))

export type LookupForm = LookupEntry & { code: string }
/** The form of a row; of a new one everything that may be public is. */
export function formOf(table: LookupTable, row: LookupRow | null): LookupForm {
  const moments = momentsOf(table)
  return {
    code: row?.code ?? '', name: row?.name ?? '', year: row?.year ?? Number(day(Date.now()).slice(0, 4)), active: row?.active ?? true, version: row?.version ?? 0, public: [...(row?.public ?? openFields(table))],
    fields: Object.fromEntries(fieldsOf(table).map((key) => [key, row?.fields[key] ?? (moments.includes(key) ? null : '')])),
  }
}
/** As it is sent: texts trimmed, moments or null. */
export function entryOf(table: LookupTable, form: LookupForm): LookupEntry {
  const moments = momentsOf(table)
  const fields = Object.fromEntries(fieldsOf(table).map((key) => [key, moments.includes(key) ? form.fields[key] || null : (form.fields[key] ?? '').trim()]))
  return { version: form.version, year: form.year, name: form.name.trim(), active: form.active, fields, public: openFields(table).filter((key) => form.public.includes(key)) }
}

/** A window that ends before it begins; its key, or null. */
export function reversed(table: LookupTable, fields: LookupFields): string | null {
  const wrong = TABLES[table].windows.find((one) => {
    const [from, to] = [at(fields, one.from), at(fields, one.to)]
    return from !== null && to !== null && Date.parse(to) < Date.parse(from)
  })
  return wrong?.key ?? null
}

/** `registration_from` is the beginning of a window; everything else is a field by its own name. */
export function fieldWord(table: LookupTable, name: string | null): string {
  if (!name) return ''
  const found = TABLES[table].windows.find((one) => one.from === name || one.to === name)
  if (found) return `${t(`windows.${found.key}`)}${found.from && found.to ? t(`window_ends.${found.from === name ? 'from' : 'to'}`) : ''}`
  if (name === 'name') return t(`lookup_names.${table}`)
  return has(`lookup_fields.${name}`) ? t(`lookup_fields.${name}`) : name
}

export interface FieldChange { field: string; before: string; after: string }
/** What one version of a row changed in the one before it. */
export function changesOf(table: LookupTable, after: LookupRow, before: LookupRow | undefined): FieldChange[] {
  const texts = (row: LookupRow | undefined): Record<string, string> => ({
    name: row?.name ?? '', year: row ? String(row.year) : '', active: row ? t(row.active ? 'tickets.yes' : 'tickets.no') : '',
    ...Object.fromEntries(fieldsOf(table).map((key) => [key, momentsOf(table).includes(key) ? said(row?.fields[key] ?? null, key.endsWith('_to')) : (row?.fields[key] ?? '')])),
    public: (row?.public ?? []).map((key) => fieldWord(table, key)).join(t('punctuation.item')),
  })
  const [a, b] = [texts(before), texts(after)]
  return Object.keys(b).filter((key) => a[key] !== b[key]).map((field) => ({ field, before: a[field]!, after: b[field]! }))
}
