// A ticket's history and form in words.
import { has, named, phrased, t } from '@/i18n'
import { fullTime } from '@/lib/format'
import type { HistoryLine, Limit, Ticket, TicketForm } from '@/api/types'

interface Names { matter: (code: string) => string; section: (code: string) => string; person: (id: string) => string | null }

const PEOPLE = ['owner', 'first_owner', 'transfer_to', 'complained_agent']

/** What a ticket is about in one line. A title that only begins the summary was cut from it: the whole says more. */
export function headline(ticket: Pick<Ticket, 'title' | 'summary'> & { matter_name?: string | null }): string {
  const { title, summary } = ticket
  return (title && !summary?.startsWith(title) ? title : summary) || ticket.matter_name || ''
}

export const actionWord = (action: string): string => (has(`ticket_actions.${action}`) ? t(`ticket_actions.${action}`) : action)

export function fieldWord(field: string): string {
  return has(`ticket_fields.${field}`) ? t(`ticket_fields.${field}`) : field
}

function flag(value: string): string {
  return t(value === 'true' ? 'tickets.yes' : 'tickets.no')
}

/** One value of a changed field. */
export function valueWord(field: string, value: string | null, names: Names): string {
  if (!value) return '—'
  if (PEOPLE.includes(field)) return names.person(value) ?? t('tickets.somebody')
  switch (field) {
    case 'matter': return names.matter(value)
    case 'section': return names.section(value)
    case 'request_type': return t(`request_types.${value}`)
    case 'state': return t(`ticket_states.${value}`)
    case 'priority': return t(`priorities.${value}`)
    case 'satisfaction': return t(`satisfactions.${value}`)
    case 'confidential': return flag(value)
    case 'due_at': return fullTime(value).slice(0, 16)
    case 'form': return formWord(value)
    default: return value
  }
}

function formWord(value: string): string {
  try {
    const form = JSON.parse(value) as TicketForm
    return phrased(Object.entries(form).map(([name, at]) => named(t(`form_fields.${name}`), formValue(at)))) || '—'
  } catch {
    return value
  }
}
export const formValue = (value: string | boolean | undefined): string =>
  typeof value === 'boolean' ? t(value ? 'tickets.yes' : 'tickets.no') : (value ?? '').replace(/^(\d{4}-\d\d-\d\d)T/, '$1 ') || '—'

/** 责任人 陈晓雯 → 李志强 */
export function describe(line: HistoryLine, names: Names): string {
  if (!line.field) return ''
  const [before, after] = [valueWord(line.field, line.before, names), valueWord(line.field, line.after, names)]
  // Where nothing stood before, what stands there now says it.
  return `${fieldWord(line.field)} ${line.before ? `${before} → ` : ''}${after}`
}

/** What was said with a change: a code of the system in words, a person's words as they are. */
export function noteWord(line: Pick<HistoryLine, 'action' | 'note'>): string {
  if (!line.note) return ''
  if (line.action === 'alarm' && has(`alarms.${line.note}`)) return t(`alarms.${line.note}`)
  if (line.action === 'linked') {
    const [kind, number] = line.note.split(':')
    return `${t(`link_kinds.${kind}`)} ${number}`
  }
  // An order that came in: `dispatch_rule round_robin 缴费轮派`.
  const [, reason, way, rule] = /^dispatch_(\w+)(?: (\w+) (.+))?$/.exec(line.note) ?? []
  if (line.action === 'dispatched' && reason) {
    const by = rule && way ? `${rule} · ${t(`dispatch_ways.${way}`)}` : ''
    return by ? named(t(`dispatch_reasons.${reason}`), by) : t(`dispatch_reasons.${reason}`)
  }
  return has(`ticket_notes.${line.note}`) ? t(`ticket_notes.${line.note}`) : line.note
}

/** Lines of one version are one change. */
export function byVersion(lines: HistoryLine[]): HistoryLine[][] {
  const groups: HistoryLine[][] = []
  for (const line of lines) {
    const last = groups.at(-1)
    if (last && last[0]!.version === line.version && last[0]!.action === line.action && last[0]!.at === line.at) last.push(line)
    else groups.push([line])
  }
  return groups
}

export function limitWord(limit: Limit | undefined): string {
  const [entry] = Object.entries(limit ?? {})
  return entry ? t(`limits.${entry[0]}`, { n: entry[1] }) : '—'
}
