// What each table of rules says, field by field: its columns, its form and its words follow from here.
import { CHANNEL_KINDS } from '@/api/channels'
import { ACCESS_KINDS, EXPORT_KINDS } from '@/api/exports'
import type { KpiView } from '@/api/kpis'
import { PURPOSE_LINKS } from '@/api/outbound'
import { LANES, PHRASE_KINDS, WORK_KINDS } from '@/api/quality'
import { REPORT_PERIODS } from '@/api/reports'
import { SHIPPED_ROSTER_TERMS } from '@/api/roster'
import { SHIPPED_TERMS } from '@/api/workforce'
import { P } from '@/api/permissions'
import { PRIORITIES, REQUEST_TYPES, UNITS, type RuleKind, type RuleRow, type Span } from '@/api/types'
import { shown as measured } from '@/features/analytics/words'
import { roleName } from '@/features/organization/roles'
import { has, listed, t } from '@/i18n'

/** The names behind codes and ids. */
export interface Names { matter: (code: string) => string; section: (code: string) => string; person: (id: string) => string | null; platform: (code: string) => string; unit: (kpi: string) => KpiView['unit'] | undefined }

/** A hole of a letter's template: `{{code}}` in its text. */
export interface TemplateHole { code: string; name: string; needed: boolean }

/** `measure` is a number in the unit of the row's indicator. */
type Value = 'text' | 'number' | 'measure' | 'span' | 'flag' | 'word' | 'role' | 'platform' | 'section' | 'matter' | 'people' | 'words' | 'lines' | 'holes'
export interface RuleField {
  key: string
  value: Value
  /** Named by another word than its key's. */
  label?: string
  /** Says what the row is about: given once, of one subject the latest row holds. */
  subject?: true
  /** May be left open: then it is about all. */
  any?: true
  /** The closed list of a word, and where its words stand. */
  words?: readonly string[]
  under?: string
  least?: number
  most?: number
  /** Stands in one column of the table with the others of this name. */
  together?: 'counts'
  /** Too much for a column: it stands in the form alone. */
  long?: true
}
/** `view` where a right of its own shows the table. */
export interface RuleShape { right: string; view?: string; fields: RuleField[]; blank: Record<string, unknown> | null }

/** K-01 to K-32. */
const KPI_CODES = Array.from({ length: 32 }, (_, i) => `k${String(i + 1).padStart(2, '0')}`)

/** What needs no platform's leave to be answered. */
const NO_WINDOW: readonly string[] = ['web', 'email', 'sms', 'manual']
const working = (n: number): Span => ({ unit: 'working_days', n })
const ACTIVE: RuleField = { key: 'active', value: 'flag' }
const ways = ['console', 'email', 'sms']

const measure = (key: string): RuleField => ({ key, value: 'measure', least: 0, most: 2_592_000_000 })
/** How a measure is typed: how many of the stored parts are one of it, and to how many decimals. */
export const TYPED: Record<KpiView['unit'], { each: number; decimals: number }> = {
  basis_points: { each: 100, decimals: 2 }, hundredths: { each: 100, decimals: 2 }, milliseconds: { each: 1_000, decimals: 1 }, count: { each: 1, decimals: 0 },
}
const whole = (key: string, least: number, most: number): RuleField => ({ key, value: 'number', least, most })

/** `blank` is what a new subject begins with; null where the subjects are known to the program. A table about one thing begins with what ships. */
export const RULES: Record<RuleKind, RuleShape> = {
  ticket_limits: {
    right: P.setAgreedRules,
    fields: [
      { key: 'platform', value: 'platform', subject: true, any: true },
      { key: 'request_type', value: 'word', words: REQUEST_TYPES, under: 'request_types', subject: true, any: true },
      { key: 'priority', value: 'word', words: PRIORITIES, under: 'priorities', subject: true, any: true },
      { key: 'handle', value: 'span' }, { key: 'sign', value: 'span' },
      ...['returns', 'extensions', 'reopenings'].map((key): RuleField => ({ key, value: 'number', least: 0, most: 10, together: 'counts' })),
      { key: 'attempts', value: 'number', least: 1, most: 10, together: 'counts' }, { key: 'transfer_minutes', value: 'number', least: 1, most: 480 },
      { key: 'sign_off', value: 'flag' }, { key: 'revisit', value: 'flag' }, ACTIVE,
    ],
    blank: {
      platform: null, request_type: null, priority: null, handle: working(10), sign: working(1), returns: 1, extensions: 1, reopenings: 1, attempts: 3,
      transfer_minutes: 10, sign_off: false, revisit: false, active: true,
    },
  },
  case_terms: { right: P.setAgreedRules, fields: [{ key: 'code', label: 'step', value: 'word', words: [], under: 'case_terms', subject: true }, { key: 'span', value: 'span' }], blank: null },
  escalation_levels: {
    right: P.setAgreedRules,
    fields: [
      { key: 'level', value: 'number', subject: true, least: 1, most: 9 },
      { key: 'role', value: 'role', words: ['shift_lead', 'ops_manager', 'purchaser_business', 'purchaser_admin'] },
      { key: 'service_minutes', value: 'number', least: 1, most: 10_000 }, ACTIVE,
    ],
    blank: { level: 5, role: 'purchaser_admin', service_minutes: 60, active: true },
  },
  recording_retention: {
    right: P.holdRecordings, view: P.listen,
    fields: [
      { key: 'queue', value: 'text', subject: true, any: true },
      { key: 'direction', value: 'word', words: ['inbound', 'outbound'], under: 'directions', subject: true, any: true },
      { key: 'days', value: 'number', least: 1, most: 36_500 },
    ],
    blank: { queue: null, direction: null, days: 1095 },
  },
  emergency_ways: {
    right: P.setOwnRules,
    fields: [
      {
        key: 'role', value: 'role', subject: true,
        words: ['agent', 'shift_lead', 'ops_manager', 'quality', 'trainer', 'analyst', 'hr_compliance', 'liaison', 'counterpart', 'purchaser_admin', 'purchaser_business'],
      },
      { key: 'way', value: 'word', words: ways, under: 'emergency_ways', subject: true }, ACTIVE,
    ],
    blank: { role: 'liaison', way: 'console', active: true },
  },
  emergency_categories: {
    right: P.setOwnRules,
    fields: [{ key: 'name', value: 'text' }, { key: 'code', value: 'text', subject: true }, { key: 'position', value: 'number', least: 1, most: 1_000 }, ACTIVE],
    blank: { code: '', name: '', position: 9, active: true },
  },
  dispatch: {
    right: P.setOwnRules,
    fields: [
      { key: 'name', value: 'text' },
      { key: 'platform', value: 'platform', subject: true, any: true }, { key: 'section', value: 'section', subject: true, any: true },
      { key: 'matter', value: 'matter', subject: true, any: true },
      { key: 'way', value: 'word', words: ['round_robin', 'least_open'], under: 'dispatch_ways' }, { key: 'agents', value: 'people' }, ACTIVE,
    ],
    blank: { name: '', platform: null, section: null, matter: null, way: 'round_robin', agents: [], active: true },
  },
  reply_windows: {
    right: P.editChannels,
    view: P.viewChannels,
    fields: [
      { key: 'kind', value: 'word', words: CHANNEL_KINDS.filter((kind) => !NO_WINDOW.includes(kind)), under: 'channel_kinds', subject: true },
      { key: 'trigger', value: 'word', words: ['message', 'group_message', 'menu', 'follow', 'scan'], under: 'window_triggers', subject: true },
      { key: 'minutes', value: 'number', least: 1, most: 44_640 }, { key: 'replies', value: 'number', any: true, least: 1, most: 1_000 },
    ],
    blank: { kind: 'wechat_oa', trigger: 'message', minutes: 2_880, replies: null },
  },
  knowledge_terms: {
    right: P.setKnowledgeRules,
    view: P.viewArticles,
    fields: [
      { key: 'code', label: 'step', value: 'word', words: [], under: 'knowledge_terms', subject: true },
      { key: 'working_days', value: 'number', least: 1, most: 60 },
    ],
    blank: null,
  },
  learning_rules: {
    right: P.setLearningRules,
    view: P.viewTraining,
    fields: [
      { key: 'code', label: 'item', value: 'word', words: [], under: 'learning_rules', subject: true },
      { key: 'value', value: 'number', least: 0, most: 1_000 },
    ],
    blank: null,
  },
  export_limits: {
    right: P.setExportRules,
    view: P.viewExportRequests,
    fields: [
      { key: 'kind', label: 'export_kind', value: 'word', words: ['any', ...EXPORT_KINDS], under: 'export_kinds', subject: true },
      { key: 'rows', value: 'number', least: 0, most: 1_000_000 }, { key: 'rows_a_day', value: 'number', least: 0, most: 1_000_000 },
    ],
    blank: { kind: 'work_orders', rows: 500, rows_a_day: 2_000 },
  },
  access_alarms: {
    right: P.setExportRules,
    view: P.viewExportRequests,
    fields: [{ key: 'kind', label: 'way', value: 'word', words: ACCESS_KINDS, under: 'access_kinds', subject: true }, { key: 'most_a_day', value: 'number', least: 1, most: 10_000 }],
    blank: { kind: 'reveal', most_a_day: 30 },
  },
  leak_terms: {
    right: P.setPersonnelRules,
    view: P.viewStaffing,
    fields: [{ key: 'code', label: 'step', value: 'word', words: [], under: 'leak_terms', subject: true }, { key: 'hours', value: 'number', least: 1, most: 8_760 }],
    blank: null,
  },
  // The days of the reminders of a contract's end are kept as they are: a list has no field here.
  report_dues: {
    right: P.releaseReports, view: P.viewReports,
    fields: [{ key: 'period', value: 'word', words: REPORT_PERIODS, under: 'report_periods', subject: true }, whole('working_days', 1, 60)],
    blank: null,
  },
  contract_terms: {
    right: P.answerQuestions,
    view: P.viewSettlement,
    fields: [
      whole('months', 6, 36), whole('seats', 1, 200), whole('cap_fen', 100, 100_000_000_000), whole('tax_bp', 0, 1_300),
      whole('review_days', 1, 60), whole('payment_days', 1, 60), whole('warn_bp', 1, 10_000),
      whole('statement_lead_days', 0, 90), whole('statement_grace_days', 0, 60), whole('soon_days', 0, 60),
    ],
    blank: null,
  },
  submission_checks: {
    right: P.answerQuestions,
    view: P.viewSettlement,
    fields: [{ key: 'check', value: 'word', words: [], under: 'submission_check_names', subject: true }, { key: 'blocks', value: 'flag' }],
    blank: null,
  },
  kpi_targets: {
    right: P.setKpiTargets,
    view: P.viewKpis,
    fields: [
      { key: 'kpi', value: 'word', words: KPI_CODES, under: 'kpi_codes', subject: true }, { key: 'channel', value: 'text', subject: true, any: true },
      measure('target'), { ...measure('upper'), any: true }, { ...measure('caution'), any: true },
      { key: 'interval', value: 'word', words: ['half_hour', 'day'], under: 'kpi_intervals' }, whole('intervals', 1, 48), whole('least', 0, 1_000_000), { key: 'alerting', value: 'flag' },
    ],
    blank: { kpi: 'k01', channel: null, target: 9_500, upper: null, caution: null, interval: 'half_hour', intervals: 3, least: 5, alerting: true },
  },
  kpi_variants: {
    right: P.setKpiTargets,
    view: P.viewKpis,
    fields: [{ key: 'kpi', value: 'word', words: ['k01', 'k03', 'k10'], under: 'kpi_codes', subject: true }, { key: 'variant', value: 'word', words: ['offered', 'without_short', '1', '2', '3', '4', 'calls', 'numbers'], under: 'kpi_variant_words' }],
    blank: null,
  },
  workforce_terms: {
    right: P.setWorkforceTerms,
    view: P.viewAttendance,
    fields: [
      whole('late_grace_minutes', 0, 60), whole('clock_skew_seconds', 0, 3_600), whole('same_device_minutes', 0, 720), whole('floor_minutes', 0, 120), whole('overtime_day_minutes', 1, 720), whole('overtime_month_minutes', 1, 6_000),
    ],
    blank: { ...SHIPPED_TERMS },
  },
  roster_terms: {
    right: P.setWorkforceTerms,
    view: P.viewAttendance,
    fields: [
      whole('rest_minutes', 0, 1_440), whole('days_in_a_row', 1, 31), whole('week_minutes', 60, 5_040), whole('lunch_seats', 0, 2_000), whole('seats', 0, 2_000), { key: 'swap_auto', value: 'flag' }, whole('draft_seconds', 1, 60),
    ],
    blank: { ...SHIPPED_ROSTER_TERMS },
  },
  outbound_purposes: {
    right: P.setOutboundRules,
    view: P.viewOutbound,
    fields: [{ key: 'code', value: 'text', subject: true }, { key: 'name', value: 'text' }, { key: 'link', value: 'word', words: PURPOSE_LINKS, under: 'outbound_links' }, { key: 'note', value: 'flag' }, ACTIVE],
    blank: { code: '', name: '', link: 'ticket', note: false, active: true },
  },
  outbound_numbers: {
    right: P.setOutboundRules,
    view: P.viewOutbound,
    fields: [
      { key: 'prefix', value: 'text', subject: true }, { key: 'name', value: 'text' }, { key: 'shortest', value: 'number', least: 1, most: 32 }, { key: 'longest', value: 'number', least: 1, most: 32 }, { key: 'allowed', value: 'flag' },
    ],
    blank: { prefix: '', name: '', shortest: 3, longest: 12, allowed: true },
  },
  outbound_sections: {
    right: P.setOutboundRules,
    view: P.viewOutbound,
    fields: [{ key: 'number', value: 'text', subject: true }, { key: 'name', value: 'text' }, ACTIVE],
    blank: { number: '', name: '', active: true },
  },
  sampling_plans: {
    right: P.setQualityRules,
    view: P.viewScoreCards,
    fields: [
      { key: 'name', value: 'text' }, { key: 'code', value: 'text', subject: true }, { key: 'kinds', value: 'words', words: WORK_KINDS, under: 'work_kinds' },
      { key: 'share_bp', value: 'number', least: 0, most: 10_000 }, { key: 'per_agent', value: 'number', least: 0, most: 1_000 }, { key: 'complaints', value: 'flag' }, { key: 'dissatisfied', value: 'flag' },
      { key: 'silence_seconds', value: 'number', any: true, least: 1, most: 3_600 }, { key: 'repeat_hours', value: 'number', any: true, least: 1, most: 720 }, ACTIVE,
    ],
    blank: { code: '', name: '', kinds: ['call'], share_bp: 200, per_agent: 10, complaints: true, dissatisfied: true, silence_seconds: null, repeat_hours: null, active: true },
  },
  key_phrases: {
    right: P.setQualityRules,
    view: P.viewScoreCards,
    fields: [
      { key: 'name', value: 'text' }, { key: 'code', value: 'text', subject: true }, { key: 'kind', label: 'phrase_kind', value: 'word', words: PHRASE_KINDS, under: 'phrase_kinds' },
      { key: 'lane', value: 'word', words: LANES, under: 'spoken_lanes', any: true }, { key: 'phrases', value: 'lines' }, ACTIVE,
    ],
    blank: { code: '', name: '', kind: 'watched', lane: 'agent', phrases: [], active: true },
  },
  quality_terms: {
    right: P.setQualityRules,
    view: P.viewScoreCards,
    fields: [{ key: 'code', label: 'item', value: 'word', words: [], under: 'quality_terms', subject: true }, { key: 'amount', value: 'number', least: 1, most: 1_000 }],
    blank: null,
  },
  liaison_terms: {
    right: P.setLiaisonRules,
    view: P.viewLetters,
    fields: [
      { key: 'code', label: 'step', value: 'word', words: [], under: 'liaison_terms', subject: true },
      { key: 'amount', value: 'number', least: 1, most: 1_440 }, { key: 'unit', value: 'word', words: ['working_days', 'clock_minutes'], under: 'rule_units' },
    ],
    blank: null,
  },
  letter_series: {
    right: P.setLiaisonRules,
    view: P.viewLetters,
    fields: [{ key: 'side', value: 'word', words: ['supplier', 'purchaser'], under: 'sides', subject: true }, { key: 'mark', value: 'text' }],
    blank: null,
  },
  letter_templates: {
    right: P.setLiaisonRules,
    view: P.viewLetters,
    fields: [
      { key: 'name', value: 'text' }, { key: 'code', value: 'text', subject: true }, { key: 'title', value: 'text' }, { key: 'body', value: 'lines', long: true },
      { key: 'fields', value: 'holes' }, { key: 'reply_days', value: 'number', any: true, least: 1, most: 60 }, ACTIVE,
    ],
    blank: { code: '', name: '', title: '', body: [], fields: [], reply_days: null, active: true },
  },
  check_points: {
    right: P.setLiaisonRules,
    view: P.viewDailyChecks,
    fields: [
      { key: 'name', value: 'text' }, { key: 'code', value: 'text', subject: true }, { key: 'scope', value: 'word', words: ['seat', 'area'], under: 'check_scopes' },
      { key: 'items', value: 'lines' }, { key: 'photo', value: 'flag' }, ACTIVE,
    ],
    blank: { code: '', scope: 'seat', name: '', items: [], photo: false, active: true },
  },
  experience_terms: {
    right: P.setLiaisonRules,
    view: P.viewLetters,
    fields: [{ key: 'code', label: 'item', value: 'word', words: [], under: 'experience_terms', subject: true }, { key: 'months', value: 'number', least: 1, most: 600 }],
    blank: null,
  },
  privacy_terms: {
    right: P.setPrivacyRules,
    view: P.viewPrivacy,
    fields: [{ key: 'code', label: 'step', value: 'word', words: [], under: 'privacy_terms', subject: true }, { key: 'days', label: 'answer_days', value: 'number', least: 1, most: 60 }],
    blank: null,
  },
}

/** The fields column by column. */
export function columnsOf(kind: RuleKind): { key: string; fields: RuleField[] }[] {
  const columns: { key: string; fields: RuleField[] }[] = []
  for (const field of RULES[kind].fields.filter((one) => !one.long)) {
    const last = columns.at(-1)
    if (field.together && last?.key === field.together) last.fields.push(field)
    else columns.push({ key: field.together ?? field.key, fields: [field] })
  }
  return columns
}

const word = (key: string, code: string): string => (has(key) ? t(key) : code)

/** One field of a rule in words. */
/** Aligned and left open as numbers are. */
export const isNumber = (field: RuleField): boolean => field.value === 'number' || field.value === 'measure'

export function cellWord(field: RuleField, rule: Record<string, unknown>, names: Names): string {
  const value = rule[field.key]
  if (value === null || value === undefined || value === '') return field.any ? t(isNumber(field) ? 'rules.unlimited' : 'rules.all') : '—'
  switch (field.value) {
    case 'measure': return measured(names.unit(String(rule.kpi)) ?? 'count', value as number)
    case 'span': return spanWord(value as Span)
    case 'flag': return t(value ? 'tickets.yes' : 'tickets.no')
    case 'role': return roleName(String(value))
    case 'word': return word(`${field.under}.${String(value)}`, String(value))
    case 'platform': return names.platform(String(value))
    case 'section': return names.section(String(value))
    case 'matter': return names.matter(String(value))
    case 'words': return listed((value as string[]).map((code) => word(`${field.under}.${code}`, code)))
    case 'lines': return listed(value as string[])
    case 'holes': return listed((value as TemplateHole[]).map((hole) => hole.name))
    case 'people': return listed((value as string[]).map((id) => names.person(id) ?? t('tickets.somebody')))
    default: return String(value)
  }
}

export const spanWord = (span: Span): string => t(`rule_spans.${span.unit}`, { n: span.n })

/** The units a time may be given in: what counts things is no time. */
export const unitsOf = (span: Span) => UNITS.filter((unit) => (unit === 'count') === (span.unit === 'count'))

/** What a row is about, as the server tells subjects apart. */
export function subjectOf(kind: RuleKind, rule: Record<string, unknown>): string {
  return RULES[kind].fields.filter((field) => field.subject).map((field) => String(rule[field.key] ?? '*')).join('/')
}

/** The rows that are shown: without history those that hold or will; of what was taken out of use nothing. */
export function shown(rows: RuleRow[], history: boolean): RuleRow[] {
  // Where an order was given, it is also the order they are chosen from.
  const place = (row: RuleRow): number => Number(row.rule.position ?? 0)
  const ordered = rows.toSorted((a, b) => place(a) - place(b))
  if (history) return ordered
  return ordered.filter((row) => row.standing === 'coming' || (row.standing === 'in_force' && row.rule.active !== false))
}

/** What is missing before a row can be recorded. */
export function ready(kind: RuleKind, rule: Record<string, unknown>, source: string): boolean {
  const filled = RULES[kind].fields.every((field) => {
    const value = rule[field.key]
    if (field.any) return true
    if (field.value === 'people' || field.value === 'words' || field.value === 'lines') return (value as unknown[]).length > 0
    if (field.value === 'holes') return true
    return field.value === 'text' ? Boolean(String(value ?? '').trim()) : value !== null && value !== undefined && value !== ''
  })
  return filled && Boolean(source.trim())
}
