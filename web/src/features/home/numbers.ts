// The numbers of the first page: each counts rows and opens the list that shows them.
import { emergencies, escalations, instructions } from '@/api/cases'
import { calls, recordings } from '@/api/calls'
import { conversations } from '@/api/channels'
import type { Filters } from '@/api/client'
import { exportRequests } from '@/api/exports'
import { gaps } from '@/api/knowledge'
import { auditChain } from '@/api/kernel'
import { leaks } from '@/api/leaks'
import { markingQueue } from '@/api/learning'
import { rectifications } from '@/api/liaison'
import { deliveries } from '@/api/notices'
import { correctives, evaluations } from '@/api/quality'
import { demands, replacements, staffFiles, staffing } from '@/api/personnel'
import { callbacks } from '@/api/outbound'
import { P } from '@/api/permissions'
import { openQuestions, statements } from '@/api/settlement'
import { contactRecords, tickets } from '@/api/tickets'
import { trunks } from '@/api/trunks'
import type { Reach } from '@/api/types'
import { wageMonths } from '@/api/wages'
import { IN_REVIEW } from '@/features/settlement/words'
import { serverNow } from '@/lib/clock'
import { day, dayStart } from '@/lib/format'

export interface Counted {
  n: number
  /** There are more than were counted. */
  capped?: boolean
  /** As many there were last week up to this hour. */
  before?: number
}

export interface HomeNumber {
  /** Also the words `home.numbers.<key>`. */
  key: string
  needs: string
  /** Counts rows of everybody: nothing for who sees only his own. */
  wide: boolean
  /** What stands against any of it. */
  tone: 'red' | 'amber' | 'plain'
  to: string | (() => string)
  count: () => Promise<Counted>
  /** The roles whose first page it answers for; everybody's when left out. */
  roles?: readonly string[]
}

type Lister = (filters: Filters) => Promise<{ total: number; total_capped?: boolean }>
const rows = (list: Lister, filters: Filters) => async (): Promise<Counted> => {
  const page = await list({ ...filters, per_page: 1 })
  return { n: page.total, capped: page.total_capped ?? false }
}
const now = (): string => new Date(serverNow()).toISOString()

const DAY_MS = 86_400_000
/** The Monday of this week, or of one before. */
export function monday(weeksAgo = 0): string {
  const noon = Date.parse(`${day(serverNow())}T12:00:00Z`)
  const back = ((new Date(noon).getUTCDay() + 6) % 7) + 7 * weeksAgo
  return new Date(noon - back * DAY_MS).toISOString().slice(0, 10)
}
/** Rows since Monday, beside as many days of last week. */
const thisWeek = (list: Lister, filters: Filters = {}) => async (): Promise<Counted> => {
  const until = new Date(serverNow() - 7 * DAY_MS).toISOString()
  const [now, before] = await Promise.all([
    rows(list, { ...filters, from: dayStart(monday()) })(),
    rows(list, { ...filters, from: dayStart(monday(1)), to: until })(),
  ])
  return { ...now, before: before.n }
}
const sinceMonday = (page: string) => (): string => `${page}from=${monday()}`

/** The month that is paid now: the one before this. */
const monthBefore = (): string => {
  const [year, month] = day(serverNow()).split('-').map(Number)
  return new Date(Date.UTC(year!, month! - 2, 1)).toISOString().slice(0, 7)
}

const listed = (key: string, needs: string, tone: HomeNumber['tone'], to: HomeNumber['to'], count: HomeNumber['count'], wide = true): HomeNumber => ({ key, needs, tone, to, count, wide })

const only = (roles: readonly string[], numbers: HomeNumber[]): HomeNumber[] => numbers.map((one) => ({ ...one, roles }))

export const NUMBERS: HomeNumber[] = [
  listed('emergencies', P.viewEmergencies, 'red', '/emergencies?state=open', rows(emergencies as Lister, { open: true }), false),
  listed('overdue', P.viewTickets, 'red', '/tickets?state=open&due=overdue&sort=due_at', () => rows(tickets as Lister, { open: true, due_before: now() })()),
  listed('complaints', P.viewTickets, 'amber', '/tickets?state=open&request_type=complaint', rows(tickets as Lister, { open: true, request_type: 'complaint' })),
  listed('open_tickets', P.viewTickets, 'plain', '/tickets?state=open', rows(tickets as Lister, { open: true })),
  listed('instructions', P.viewInstructions, 'amber', '/instructions?state=open', rows(instructions as Lister, { open: true })),
  listed('escalations', P.viewEscalations, 'amber', '/escalations?state=open', rows(escalations as Lister, { open: true })),
  listed('callbacks', P.viewCallbacks, 'amber', '/callbacks?show=open', rows(callbacks as Lister, { open: true })),
  listed('owed_records', P.viewRecords, 'amber', '/owed-records', rows(contactRecords as Lister, { owed: true })),
  listed('gaps', P.handleGaps, 'amber', '/knowledge-gaps?state=open', rows(gaps as Lister, { state: 'open' }), false),
  listed('calls', P.viewCalls, 'plain', '/calls', rows(calls as Lister, {})),
  ...only(['quality'], [
    listed('evaluations_to_score', P.scoreEvaluations, 'plain', '/evaluations?state=sampled', rows(evaluations as Lister, { state: 'sampled' }), false),
    listed('evaluations_appealed', P.scoreEvaluations, 'red', '/evaluations?state=appealed', rows(evaluations as Lister, { state: 'appealed' }), false),
    listed('evaluations_to_release', P.releaseEvaluations, 'amber', '/evaluations?state=scored', rows(evaluations as Lister, { state: 'scored' }), false),
    listed('dissatisfied', P.viewConversations, 'amber', sinceMonday('/conversations?satisfaction=dissatisfied&'), thisWeek(conversations as Lister, { satisfaction: 'dissatisfied' })),
    listed('recordings_week', P.listen, 'plain', sinceMonday('/recordings?'), thisWeek(recordings as Lister)),
    listed('rectifications', P.viewInspections, 'amber', '/inspections?tab=rectifications&open=true', rows(rectifications as Lister, { open: true }), false),
  ]),
  ...only(['quality', 'trainer'], [
    listed('marking', P.markExams, 'amber', '/exam-marking', async () => ({ n: (await markingQueue()).items.length }), false),
  ]),
  ...only(['analyst'], [
    listed('calls_week', P.viewCalls, 'plain', sinceMonday('/calls?'), thisWeek(calls as Lister)),
    listed('conversations_week', P.viewConversations, 'plain', sinceMonday('/conversations?'), thisWeek(conversations as Lister)),
    listed('tickets_week', P.viewTickets, 'plain', sinceMonday('/tickets?state=&'), thisWeek(tickets as Lister)),
    listed('complaints_week', P.viewTickets, 'amber', sinceMonday('/tickets?state=&request_type=complaint&'), thisWeek(tickets as Lister, { request_type: 'complaint' })),
    listed('dissatisfied_week', P.viewConversations, 'amber', sinceMonday('/conversations?satisfaction=dissatisfied&'), thisWeek(conversations as Lister, { satisfaction: 'dissatisfied' })),
  ]),
  listed('evaluations_unsettled', P.settleScores, 'amber', '/evaluations?unsettled=true', rows(evaluations as Lister, { unsettled: true }), false),
  listed('evaluations_mine', P.answerEvaluations, 'amber', '/my/evaluations?state=released', rows(evaluations as Lister, { state: 'released' }), false),
  listed('corrective_open', P.verifyCorrectiveActions, 'amber', '/corrective-actions', rows(correctives as Lister, { open: true }), false),
  listed('corrective_overdue', P.verifyCorrectiveActions, 'red', '/corrective-actions?overdue=true', rows(correctives as Lister, { open: true, overdue: true }), false),
  listed('vacant_posts', P.viewStaffing, 'red', '/staffing', async () => ({ n: (await staffing()).posts.filter((post) => post.vacancy).length }), false),
  listed('staff_gaps', P.viewStaff, 'amber', '/staff?show=gaps', rows(staffFiles as Lister, { gaps: true })),
  listed('staff_expiring', P.viewStaff, 'amber', '/staff?show=expiring', rows(staffFiles as Lister, { expiring: true })),
  listed('replacements', P.viewStaffing, 'amber', '/replacements', rows(replacements as Lister, { open: true }), false),
  listed('demands', P.viewStaffing, 'amber', '/demands', rows(demands as Lister, { open: true }), false),
  listed('wage_gaps', P.viewWageMonths, 'amber', '/wages', async () => ({ n: (await wageMonths(monthBefore(), monthBefore())).items.reduce((sum, one) => sum + one.missing, 0) }), false),
  listed('statements_to_review', P.reviewStatements, 'amber', '/statement-review', async () => ({ n: (await statements({ open: true, per_page: 100 })).items.filter((one) => IN_REVIEW.includes(one.state)).length }), false),
  listed('statements_overdue', P.viewSettlement, 'red', '/statements?show=open', async () => ({ n: (await statements({ open: true, per_page: 100 })).items.filter((one) => one.overdue || one.late).length }), false),
  listed('open_questions', P.answerQuestions, 'amber', '/open-questions', async () => ({ n: (await openQuestions()).open }), false),
  listed('leaks', P.viewLeaks, 'red', '/leaks', rows(leaks as Lister, { open: true }), false),
  listed('export_requests', P.viewExportRequests, 'amber', '/export-requests', rows(exportRequests as Lister, { open: true, state: 'waiting' })),
  listed('undelivered', P.operateNotices, 'red', '/notice-deliveries?state=dead', rows(deliveries as Lister, { state: 'dead' }), false),
  listed('trunks', P.viewTelephony, 'red', '/trunks', async () => ({ n: (await trunks()).items.filter((one) => one.enabled && one.now.health === 'down').length }), false),
  listed('audit', P.viewAudit, 'red', '/audit', async () => ({ n: (await auditChain()).broken ? 1 : 0 }), false),
]

interface Rights {
  can(permission: string): boolean
  reach(permission: string): Reach | null
  roles?: readonly string[]
}
/** The numbers that answer this person's first page and whose rows he may open. */
export const numbersFor = (rights: Rights): HomeNumber[] =>
  NUMBERS.filter((one) => rights.can(one.needs) && (!one.wide || rights.reach(one.needs) !== 'own') && (!one.roles || one.roles.some((role) => rights.roles?.includes(role))))
