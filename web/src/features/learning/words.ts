// The words and colours of learning.
import type { AttemptState, GivenAnswer, MyExam, QuestionContent, QuestionKind, TypingState } from '@/api/learning'
import { listed, t } from '@/i18n'
import type { Timed } from '@/features/tickets/due'

export const ATTEMPT_TONES: Record<AttemptState, string> = {
  assigned: 'amber', in_progress: 'violet', submitted: 'blue', marked: 'blue', passed: 'green', failed: 'red', certified: 'green', revoked: 'red', replacement: 'red', excused: '',
}
export const TYPING_TONES: Record<TypingState, string> = { prepared: '', running: 'violet', passed: 'green', failed: 'red' }
export const SESSION_TONES: Record<string, string> = { planned: 'amber', held: 'green', cancelled: '' }
export const ATTENDANCE_TONES: Record<string, string> = { expected: 'amber', attended: 'green', absent: 'red', excused: '' }
export const MARKING_TONES: Record<string, string> = { open: '', first: 'amber', second: 'amber', third: 'red', done: 'green' }
export const DIFFICULTY_TONES: Record<string, string> = { easy: 'green', medium: 'blue', hard: 'violet' }

export const isOpen = (state: AttemptState): boolean => state === 'assigned' || state === 'in_progress'
export const isTold = (state: AttemptState): boolean => ['passed', 'failed', 'certified', 'revoked', 'replacement'].includes(state)

/** Until when it may be begun, or is over, as the due text reads it. */
export const examTimed = (one: Pick<MyExam, 'state' | 'opens_at' | 'closes_at' | 'deadline_at'>): Timed => ({
  state: '', open: isOpen(one.state), due_at: one.state === 'in_progress' ? one.deadline_at : one.closes_at, opened_at: one.opens_at,
})

export const letter = (at: number): string => String.fromCharCode(65 + at)
export const blankAnswer = (): GivenAnswer => ({ chosen: [], truth: null, texts: [] })
export const isWritten = (kind: QuestionKind): boolean => kind === 'short' || kind === 'call_simulation'

/** Which of the options that were shown are right: those of the bank stand in another order. */
export const rightShown = (shown: readonly string[], solution: Pick<QuestionContent, 'options' | 'right'>): number[] => {
  const right = solution.right.map((at) => solution.options[at])
  return shown.flatMap((option, at) => (right.includes(option) ? [at] : []))
}

/** What is right, in one line. */
export function solutionWord(kind: QuestionKind, shown: readonly string[], solution: QuestionContent): string {
  switch (kind) {
    case 'single':
    case 'multiple': return listed(rightShown(shown, solution).map(letter))
    case 'true_false': return t(solution.truth ? 'exams.true' : 'exams.false')
    case 'fill': return solution.blanks.map((variants) => variants.join(' / ')).join('；')
    default: return solution.model_answer
  }
}

/** 52.67 right characters a minute; the cut is the server's. */
export const cpm = (x100: number | null): string => (x100 === null ? '—' : (Math.floor(x100) / 100).toFixed(2).replace(/\.?0+$/, ''))
/** 135 minutes as 2.25 hours. */
export const hours = (minutes: number): string => (minutes / 60).toFixed(2).replace(/\.?0+$/, '')
/** By staff number; who has none comes last. */
export function byStaffNo(a: { staff_no: string | null } | null, b: { staff_no: string | null } | null): number {
  const [one, other] = [a?.staff_no ?? null, b?.staff_no ?? null]
  if (one === null || other === null) return Number(one === null) - Number(other === null)
  return one.localeCompare(other, 'en', { numeric: true })
}
/** The points that pass. */
export const passPoints = (total: number, percent: number): number => Math.ceil((total * percent) / 100)
