// Where a notice leads.
import type { RouteLocationRaw, Router } from 'vue-router'
import type { NoticeView } from '@/api/types'

/** The page of what a notice is about; none where the console has no such page. */
export function pageOf(notice: Pick<NoticeView, 'subject_kind' | 'subject_id'> & { kind?: string }, router: Pick<Router, 'hasRoute'>): RouteLocationRaw | null {
  if (notice.subject_kind === 'reading') return { name: 'my_reading', query: { open: notice.subject_id } }
  if (notice.subject_kind === 'callback') return { name: 'callbacks', query: { open: notice.subject_id } }
  if (notice.subject_kind === 'outbound') return { name: 'outbound_calls', query: { show: 'refused' } }
  if (notice.subject_kind === 'trunk') return { name: 'trunks', query: { open: notice.subject_id } }
  // Of an exam and a training only who learns is told.
  if (notice.subject_kind === 'exam_attempt') return { name: 'my_exam', params: { id: notice.subject_id } }
  if (notice.subject_kind === 'certificate' || notice.subject_kind === 'training_session') return { name: 'my_learning' }
  if (notice.subject_kind === 'handover') return { name: notice.kind === 'handover_declined' ? 'replacements' : 'my_handovers' }
  if (notice.subject_kind === 'wage_month' || notice.subject_kind === 'wages') return { name: 'wages' }
  if (notice.subject_kind === 'quotation') return { name: 'quotations', query: { open: notice.subject_id } }
  if (notice.subject_kind === 'price_proposal') return { name: 'service_contracts' }
  if (notice.subject_kind === 'adjustment') return { name: 'statements' }
  if (notice.subject_kind === 'attendance') return { name: 'attendance' }
  if (notice.subject_kind === 'attendance_correction') return { name: 'attendance', query: { show: 'corrections' } }
  // Of a roster those are told who stand in it.
  if (notice.subject_kind === 'roster') return { name: 'my_roster' }
  if (notice.subject_kind === 'leave_request') return { name: 'leave', query: { open: notice.subject_id } }
  if (notice.subject_kind === 'shift_swap') return { name: 'swaps', query: { open: notice.subject_id } }
  if (notice.subject_kind === 'attendance_chain') return { name: 'attendance' }
  if (notice.subject_kind === 'staffing') return { name: 'staffing' }
  // Many at once: their list.
  if (notice.subject_kind === 'evaluations') return { name: 'evaluations', query: { state: notice.kind?.includes('release') ? 'scored' : 'sampled' } }
  // Of the dealings of the two sides some have a list alone.
  const lists: Record<string, string> = { liaison_person: 'liaisons', team_member: 'team', daily_check: 'daily_checks', supply: 'supplies', past_contract: 'past_contracts', standby: 'continuity', paper_sheet: 'continuity', meeting_action: 'liaison_todo', kpi: 'kpi_alerts' }
  const list = lists[notice.subject_kind]
  if (list) return router.hasRoute(list) ? { name: list } : null
  const names: Record<string, string> = { contact_record: 'record', knowledge: 'approval', staff: 'staff_file', overtime: 'overtime_order' }
  const name = names[notice.subject_kind] ?? notice.subject_kind
  return router.hasRoute(name) ? { name, params: { id: notice.subject_id } } : null
}
