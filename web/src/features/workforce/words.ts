// The words and colours of attendance and overtime.
import type { AttendanceFinding, AttendanceKind, AttendanceLine, AttendanceState } from '@/api/workforce'
import { has, t } from '@/i18n'

export const DAY_TONES: Record<AttendanceState, string> = { open: '', closed: 'amber', frozen: 'green' }
export const KIND_TONES: Record<AttendanceKind, string> = { present: 'green', stand_in: 'violet', leave: 'blue', absent: 'red', vacant: 'red' }
export const FINDING_TONES: Record<AttendanceFinding, string> = {
  late: 'amber', left_early: 'amber', no_punch_in: 'amber', no_punch_out: 'amber', not_on_floor: 'amber', two_devices: 'amber', clock_skew: 'amber', shared_device: 'red', overruled: 'violet',
}
export const RECORD_TONES: Record<string, string> = { evidence: '', closed: 'amber', frozen: 'green', proposed: 'amber', refused: '' }
export const OVERTIME_TONES: Record<string, string> = { requested: 'amber', planned: 'blue', worked: 'amber', confirmed: 'green', withdrawn: '' }
export const LEAVE_TONES: Record<string, string> = { requested: 'amber', approved: 'green', refused: 'red', withdrawn: '' }
export const SWAP_TONES: Record<string, string> = { asked: 'amber', accepted: 'blue', approved: 'green', declined: 'red', refused: 'red', withdrawn: '' }

/** Somebody was at the seat. */
export const isHeld = (kind: AttendanceKind): boolean => kind === 'present' || kind === 'stand_in'
/** As the server counts them: whatever is not plainly there. */
export const isException = (line: Pick<AttendanceLine, 'kind' | 'findings'>): boolean => line.kind !== 'present' || line.findings.length > 0

/** How a seat was held: 到岗, 请假 as what kind of leave. */
export const kindWord = (line: Pick<AttendanceLine, 'kind' | 'leave_kind'>): string => (line.kind === 'leave' && line.leave_kind ? t(`leave_kinds.${line.leave_kind}`) : t(`attendance_kinds.${line.kind}`))

/** A finding with its minutes: 迟到 12 分. */
export function findingWord(line: Pick<AttendanceLine, 'late_minutes' | 'early_minutes'>, finding: AttendanceFinding): string {
  if (finding === 'late') return t('attendance_findings.late_by', { n: line.late_minutes })
  if (finding === 'left_early') return t('attendance_findings.early_by', { n: line.early_minutes })
  return t(`attendance_findings.${finding}`)
}
/** Why a finding asks for a second look; empty where its name says it. */
export const findingHint = (finding: AttendanceFinding): string => (has(`attendance_hints.${finding}`) ? t(`attendance_hints.${finding}`) : '')

/** The records of a seat with what corrects each right behind it; what holds is the last that both sides signed. */
export function ordered(lines: readonly AttendanceLine[]): { line: AttendanceLine; depth: number; holds: boolean }[] {
  const replaced = new Set(lines.filter((one) => one.state === 'frozen' && one.corrects_id).map((one) => one.corrects_id))
  const under = (id: string | null, depth: number): { line: AttendanceLine; depth: number; holds: boolean }[] =>
    lines.filter((one) => one.corrects_id === id).flatMap((line) => [{ line, depth, holds: line.state !== 'refused' && line.state !== 'proposed' && !replaced.has(line.id) }, ...(line.id ? under(line.id, depth + 1) : [])])
  return under(null, 0)
}

/** A frozen record without a correction that waits or holds may be corrected. */
export const mayCorrect = (line: AttendanceLine, lines: readonly AttendanceLine[]): boolean =>
  line.state === 'frozen' && !lines.some((one) => one.corrects_id === line.id && (one.state === 'proposed' || one.state === 'frozen'))
