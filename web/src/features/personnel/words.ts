// The words of people on the line: what is asked of them and what they bring, as a sentence each.
import type { BoardPost, Comparison, Evidence, Finding, Item, Line, ReplacementDetail, Requirement, StaffDetail, TransitionDetail } from '@/api/personnel'
import { Problem } from '@/api/problem'
import { has, listed, t } from '@/i18n'

type Judged = Pick<Finding, 'item' | 'standing' | 'have' | 'need' | 'have_level' | 'need_level' | 'until'>

export const STAFF_TONES: Record<string, string> = { candidate: '', training: 'amber', passed: 'blue', on_post: 'green', suspended: 'red', left: '' }
export const STANDING_TONES: Record<string, string> = { ok: 'green', waived: 'violet', below: 'red', expired: 'red', missing: 'amber' }
export const EVIDENCE_TONES: Record<string, string> = { pending: 'amber', verified: 'green', rejected: 'red', withdrawn: '' }
export const REPLACEMENT_TONES: Record<string, string> = { notice_drafted: '', rejected_by_purchaser: 'red', on_post: 'green', closed: 'green', withdrawn: '' }
export const DEMAND_TONES: Record<string, string> = { raised: 'amber', plan_submitted: 'amber', plan_accepted: 'blue', executing: 'blue', verified: 'green', withdrawn: '' }
export const TRANSITION_TONES: Record<string, string> = { preparing: 'amber', parallel: 'blue', live: 'green', completed: 'green' }
export const FEE_TONES: Record<string, string> = { owed: 'amber', paid: 'green', void: '' }

const known = (key: string, code: string): string => (has(`${key}.${code}`) ? t(`${key}.${code}`) : code)
export const itemWord = (item: string): string => known('qualification_items', item)
export const standingWord = (standing: string): string => known('item_standings', standing)

/** A level of an item: 本科, 二级甲等; a version or a name stays as it is. */
export function levelWord(item: string, level: string): string {
  if (item === 'education') return known('education_levels', level)
  return item === 'mandarin' ? known('mandarin_levels', level) : level
}
const tenths = (n: number): string => (n / 10).toFixed(1)
/** A number of an item with its measure; empty for an item that counts nothing. */
export function measureWord(item: string, n: number): string {
  switch (item) {
    case 'experience': return t('measures_of.months', { n })
    case 'age': return t('measures_of.years', { n })
    case 'typing': return t('measures_of.speed', { n: tenths(n) })
    case 'interview': case 'attitude': return t('measures_of.mark', { n: tenths(n) })
    case 'pre_job': return t('measures_of.points', { n })
    default: return ''
  }
}
/** What he has; empty where nothing is counted. */
export function haveWord(finding: Judged): string {
  if (finding.have_level) return levelWord(finding.item, finding.have_level)
  // Nothing was brought: nought months are no finding.
  return finding.have !== null && finding.standing !== 'missing' ? measureWord(finding.item, finding.have) : ''
}
/** What is asked; empty where it only has to be there. */
export function needWord(finding: Judged): string {
  if (finding.need_level) return t(`asked_of.${finding.item === 'nda' || finding.item === 'employer' ? 'exactly' : 'level'}`, { what: levelWord(finding.item, finding.need_level) })
  if (finding.need === null) return ''
  const what = measureWord(finding.item, finding.need)
  return what && t(`asked_of.${finding.item === 'age' ? 'most' : 'least'}`, { what })
}

/** What is to be done about an item: by whom, and what; empty where nothing is. */
export function todo(finding: Judged & { mandatory?: boolean }, evidence: Pick<Evidence, 'item' | 'state'>[]): string {
  const waits = evidence.some((one) => one.item === finding.item && one.state === 'pending')
  if (finding.standing === 'ok') return ''
  if (waits) return t('staff_todo.pending')
  if (finding.standing === 'waived') return t('staff_todo.waived', { day: finding.until ?? '' })
  if (finding.item === 'pre_job') return t('staff_todo.pre_job')
  if (finding.item === 'nda') return t('staff_todo.nda', { version: finding.need_level ?? '' })
  if (finding.item === 'employer') return t('staff_todo.employer', { name: finding.need_level ?? '' })
  return t(`staff_todo.${finding.standing}`)
}
/** It keeps him off his post. */
export const blocks = (finding: Pick<Finding, 'mandatory' | 'standing'>): boolean => finding.mandatory && !['ok', 'waived'].includes(finding.standing)

/** Items that are missing as one phrase: 健康证明（过期）、打字速度（低于要求）. */
export const missingWord = (missing: readonly Pick<Finding, 'item' | 'standing'>[]): string =>
  listed(missing.map((one) => t('staff.item_so', { item: itemWord(one.item), standing: standingWord(one.standing) })))

/** Days from `today` to `day`, both as calendar days. */
export const daysUntil = (day: string, today: string): number => Math.round((Date.parse(`${day}T00:00:00Z`) - Date.parse(`${today}T00:00:00Z`)) / 86_400_000)
/** How near an end is: over, within a week, a month, two months. */
export function nearness(day: string | null, today: string): '' | 'over' | 'week' | 'month' | 'soon' {
  if (!day) return ''
  const left = daysUntil(day, today)
  if (left < 0) return 'over'
  return left <= 7 ? 'week' : left <= 30 ? 'month' : left <= 60 ? 'soon' : ''
}

/** What a requirement says in words. */
export function requirementWord(rule: Requirement): string {
  const said: string[] = []
  // Marks are kept in tenths, characters a minute are not.
  const measure = (n: number): string => measureWord(rule.item, rule.item === 'typing' ? n * 10 : n)
  if (rule.level) said.push(t('asked_of.level', { what: levelWord(rule.item, rule.level) }))
  if (typeof rule.least === 'number') said.push(t(rule.exclusive ? 'asked_of.above' : 'asked_of.least', { what: measure(rule.least) || rule.least }))
  if (typeof rule.most === 'number') said.push(t(rule.exclusive ? 'asked_of.under' : 'asked_of.most', { what: measure(rule.most) || rule.most }))
  if (rule.least_seconds) said.push(t('asked_of.seconds', { n: rule.least_seconds / 60 }))
  if (rule.valid_months) said.push(t('asked_of.valid', { n: rule.valid_months }))
  return said.length ? listed(said) : t('asked_of.there')
}

/** A line of a compared pair: a level in words, months and marks with their measure. */
export function comparedWord(one: Pick<Comparison, 'item'>, value: string | null): string {
  if (value === null) return t('replacements.unknown')
  if (one.item === 'education') return levelWord('education', value)
  if (one.item === 'experience') return t('measures_of.months', { n: value })
  return t('measures_of.points', { n: value })
}

/** What happened, in words; one word may have another meaning in a file than in a case. */
export function lineWord(kind: string, action: string): string {
  const own = `personnel_lines.${kind}.${action}`
  return has(own) ? t(own) : known('personnel_lines.any', action)
}
/** What was said: items, days and people's words; the codes that stand at its beginning become words. */
export function lineNote(line: Pick<Line, 'action' | 'note'>): string {
  const note = line.note ?? ''
  switch (line.action) {
    case 'evidence_added': case 'evidence_verified': case 'evidence_rejected': case 'evidence_withdrawn': case 'evidence_expiring': case 'waived': case 'waiver_revoked': {
      const [item = '', ...rest] = note.split(' ')
      return [itemWord(item), ...rest].join(' ').trim()
    }
    case 'seated': {
      const parts = note.split(' ')
      const willing = parts.pop() ?? ''
      return [...parts, known('willingness', willing)].join(' ')
    }
    default: return note
  }
}

/** Why an action would be refused as things stand; told before somebody tries. */
export type Guards = Record<string, string>

export function staffGuards(file: Pick<StaffDetail, 'missing' | 'other_project' | 'passed' | 'findings'>): Guards {
  const guards: Guards = {}
  const exempt = file.findings.some((one) => one.item === 'pre_job' && one.standing === 'waived')
  const why: string[] = []
  if (!file.passed && !exempt) why.push(t('problems.staff_not_passed'))
  // The table below tells a long list better than a sentence.
  if (file.missing.length > 4) why.push(t('staff.lacks_n', { n: file.missing.length }))
  else if (file.missing.length) why.push(t('staff.lacks', { items: missingWord(file.missing) }))
  if (file.other_project) why.push(t('staff.elsewhere', { project: file.other_project }))
  if (why.length) guards.take_post = why.join(t('punctuation.stop'))
  return guards
}

export function replacementGuards(one: Pick<ReplacementDetail, 'sudden' | 'last_day' | 'earliest_last_day' | 'latest_notice' | 'candidate_missing' | 'open_tickets' | 'equivalent' | 'equivalence'>): Guards {
  const guards: Guards = {}
  if (!one.sudden && one.earliest_last_day > one.last_day) guards.serve = t('replacements.too_late', { last: one.last_day, latest: one.latest_notice, earliest: one.earliest_last_day })
  if (one.candidate_missing.some((finding) => finding.item === 'pre_job')) guards.pass_exam = t('replacements.uncertified')
  const why: string[] = []
  if (one.open_tickets.length) why.push(t('replacements.tickets_open', { n: one.open_tickets.length }))
  // All of it stands beside the two.
  if (one.candidate_missing.length > 4) why.push(t('replacements.candidate_lacks_n', { n: one.candidate_missing.length }))
  else if (one.candidate_missing.length) why.push(t('replacements.candidate_lacks', { items: missingWord(one.candidate_missing) }))
  if (why.length) guards.take_post = why.join(t('punctuation.stop'))
  if (one.equivalence.length && !one.equivalent) guards.accept = t('replacements.less', { items: listed(one.equivalence.filter((line) => !line.holds).map((line) => t(`compared.${line.item}`))) })
  return guards
}

/** The steps of a replacement in their order, and how far it is: done, at it, ahead. */
export const REPLACEMENT_WAY = ['notice_drafted', 'notice_served', 'candidate_proposed', 'qualification_ok', 'training', 'exam_passed', 'handover', 'on_post', 'closed'] as const
export function progress(state: string): { state: string; place: 'done' | 'now' | 'ahead' }[] {
  // Sent back is where a candidate is to be proposed anew.
  const now = REPLACEMENT_WAY.indexOf((state === 'rejected_by_purchaser' ? 'notice_served' : state) as (typeof REPLACEMENT_WAY)[number])
  return REPLACEMENT_WAY.map((step, i) => ({ state: step, place: now < 0 || i > now ? 'ahead' : i < now || state === 'closed' ? 'done' : 'now' }))
}

const unfilled = (posts: readonly BoardPost[]): string => listed(posts.filter((post) => !post.active).map((post) => post.post_id))
export function transitionGuards(one: Pick<TransitionDetail, 'posts' | 'items'>): Guards {
  const guards: Guards = {}
  const seated = one.posts.filter((post) => post.staff_id)
  if (!seated.length) guards.exempt = guards.take_posts = t('problems.transition_board_empty')
  else {
    const lacking = seated.filter((post) => !post.active && post.missing.length)
    if (lacking.length) guards.take_posts = lacking.map((post) => t('transitions.lacks', { name: post.name ?? '', items: missingWord(post.missing) })).join(t('punctuation.stop'))
  }
  if (one.posts.some((post) => !post.active)) guards.sign_off = t('transitions.empty_seats', { posts: unfilled(one.posts) })
  const unsigned = one.posts.filter((post) => !post.resigned_on)
  const open = one.items.filter((item) => !item.done_on)
  const why: string[] = []
  if (unsigned.length) why.push(t('transitions.unsigned', { posts: listed(unsigned.map((post) => post.post_id)) }))
  if (open.length) why.push(t('transitions.items_open', { n: open.length }))
  if (why.length) guards.complete = why.join(t('punctuation.stop'))
  return guards
}

/** Fen as yuan: 1234567 → 12,345.67. */
export const yuan = (fen: number): string => (fen / 100).toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 })
/** Yuan as typed into fen; null for what is no amount. */
export function fen(typed: string): number | null {
  const said = /^(\d{1,8})(?:\.(\d{1,2}))?$/.exec(typed.replace(/[,，\s]/g, ''))
  return said ? Number(said[1]) * 100 + Number((said[2] ?? '').padEnd(2, '0')) : null
}
/** The name of an item as somebody may be asked for it. */
export const WAIVABLE = (item: string): item is Item => item !== 'nda'

/** A form says itself what stands in its way. */
export const saying = (detail: string): Problem => new Problem(0, { code: 'said_here', detail })
export const lacking = (what: string): Problem => saying(t('cases.lacks', { what }))
