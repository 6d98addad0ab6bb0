// Calls of other telephones: what is sent of the forms, what is missing. Pure.
import type { CallByHand, CallColumns, CallField, CallOrigin, CallOriginSetup, CallRemark, Exchange, ExchangeSetup, ExtensionOf } from '@/api/elsewhere'
import { CALL_FIELDS, NEEDED_FIELDS } from '@/api/elsewhere'

/** Seconds of `3:07`, `1:02:03`, or bare minutes; null for what is no length. */
export function secondsOf(text: string): number | null {
  const said = text.trim().replaceAll('：', ':')
  if (/^\d{1,3}$/.test(said)) return Number(said) * 60
  if (!/^\d{1,3}(:[0-5]?\d){1,2}$/.test(said)) return null
  return said.split(':').reduce((sum, part) => sum * 60 + Number(part), 0)
}

export interface HandForm { number: string; direction: CallByHand['direction']; outcome: CallByHand['outcome']; started: string; talk: string; waited: string; queue: string }
/** The field in which something is missing or cannot be. */
export function faultOf(form: HandForm, startedAt: string, now: number): { field: 'started_at' | 'talk_s' | 'waited_s' | 'number'; key: string } | null {
  if (!startedAt) return { field: 'started_at', key: 'no_start' }
  if (form.number.trim() && !/^\+?[\d\s-]{3,24}$/.test(form.number.trim())) return { field: 'number', key: 'bad_number' }
  if (form.outcome === 'answered' && !secondsOf(form.talk)) return { field: 'talk_s', key: 'no_talk' }
  if (form.waited.trim() && secondsOf(form.waited) === null) return { field: 'waited_s', key: 'bad_length' }
  const { talk_s, waited_s } = handRequest(form, startedAt)
  return Date.parse(startedAt) + (talk_s + (waited_s ?? 0)) * 1000 > now ? { field: 'started_at', key: 'in_future' } : null
}
export function handRequest(form: HandForm, startedAt: string): CallByHand {
  return {
    number: form.number.replace(/[\s-]/g, ''), direction: form.direction, outcome: form.outcome, started_at: startedAt,
    talk_s: form.outcome === 'answered' ? (secondsOf(form.talk) ?? 0) : 0, waited_s: form.waited.trim() ? secondsOf(form.waited) : null, queue: form.queue || null,
  }
}

/** Fields without which no record can be read, and that no column means yet. How long it was may be told in two ways. */
export function lacking(mapping: readonly (CallField | null)[]): CallField[] {
  const missing = NEEDED_FIELDS.filter((field) => !mapping.includes(field))
  return mapping.includes('ended_at') || mapping.includes('talk_s') ? missing : [...missing, 'ended_at']
}
export const doubled = (mapping: readonly (CallField | null)[]): CallField[] => CALL_FIELDS.filter((field) => mapping.filter((one) => one === field).length > 1)

/** The mapping that is kept: a column without a name cannot be found again. */
export const columnsToKeep = (columns: CallColumns['columns'], mapping: readonly (CallField | null)[]): CallOriginSetup['columns'] =>
  columns.map((one, i) => ({ column: one.column, field: mapping[i] ?? null })).filter((one) => one.column.trim() !== '')

/** Whether the saved mapping would change; the words of columns that this file does not have stay. */
export function mergedColumns(saved: CallOrigin['columns'], kept: CallOriginSetup['columns']): CallOriginSetup['columns'] {
  const plain = (name: string): string => name.trim().toLowerCase()
  const here = new Set(kept.map((one) => plain(one.column)))
  const taken = new Set(kept.map((one) => one.field).filter(Boolean))
  return [...kept, ...saved.filter((one) => !here.has(plain(one.column))).map((one) => (one.field && taken.has(one.field) ? { ...one, field: null } : one))]
}

export type WordKind = 'direction' | 'outcome'
export const WORD_CHOICES = { direction: ['inbound', 'outbound'], outcome: ['answered', 'unanswered'] } as const
/** Words of the exchange that nobody has translated yet, as the remarks tell them: "`转接` is no direction". */
export function unknownWords(remarks: readonly Pick<CallRemark, 'code' | 'detail'>[]): { kind: WordKind; word: string; count: number }[] {
  const found = new Map<string, { kind: WordKind; word: string; count: number }>()
  for (const { code, detail } of remarks) {
    const kind = code === 'direction_unknown' ? 'direction' : code === 'outcome_unknown' ? 'outcome' : null
    const word = /^`(.*)`/s.exec(detail)?.[1]
    if (!kind || !word) continue
    const key = `${kind} ${word}`
    const one = found.get(key) ?? { kind, word, count: 0 }
    found.set(key, { ...one, count: one.count + 1 })
  }
  return [...found.values()].sort((a, b) => b.count - a.count)
}

export const setupOf = ({ code: _, updated_at: __, ...origin }: CallOrigin): CallOriginSetup => origin
/** Rows that say nothing are left out; `*` is told where one extension stands twice or without an agent. */
export const extensionsOf = (rows: readonly ExtensionOf[]): ExtensionOf[] => rows.map((row) => ({ extension: row.extension.trim(), user_id: row.user_id })).filter((row) => row.extension || row.user_id)
export const extensionFault = (rows: readonly ExtensionOf[]): boolean => {
  const said = extensionsOf(rows)
  return said.some((row) => !row.extension || !row.user_id) || new Set(said.map((row) => row.extension)).size < said.length
}

export interface ExchangeForm { code: string; name: string; host: string; port: number; secret: string; allow_private: boolean; active: boolean; queue: string; hotline: string; agents: ExtensionOf[]; queues: { theirs: string; ours: string }[] }
export function exchangeForm(one: Exchange | null, queue: string): ExchangeForm {
  if (!one) return { code: '', name: '', host: '', port: 8021, secret: '', allow_private: true, active: true, queue, hotline: '', agents: [], queues: [] }
  const { code, name, host, port, allow_private, active, queue: own, hotline } = one
  return { code, name, host, port, secret: '', allow_private, active, queue: own, hotline, agents: one.agents.map((row) => ({ ...row })), queues: Object.entries(one.queues as Record<string, string>).map(([theirs, ours]) => ({ theirs, ours })) }
}
/** A password that is left empty stays. */
export function exchangeRequest({ code: _, secret, queues, agents, ...form }: ExchangeForm, version: number | null): ExchangeSetup {
  return {
    ...form, name: form.name.trim(), host: form.host.trim(), hotline: form.hotline.replace(/[\s，、]+/g, ','), version, agents: extensionsOf(agents),
    queues: Object.fromEntries(queues.filter((row) => row.theirs.trim() && row.ours).map((row) => [row.theirs.trim(), row.ours])), ...(secret ? { secret } : {}),
  }
}
export const LINK_TONES: Record<Exchange['link']['state'], string> = { off: '', connecting: 'amber', connected: 'green', unreachable: 'red', refused: 'red' }
