// What is still to be read and passed, and the questions that show it.
import type { Question, Reading, ReadingState } from '@/api/knowledge'
import type { Timed } from '@/features/tickets/due'

const owed = (state: ReadingState): boolean => state === 'to_read' || state === 'to_answer'

/** The step that is next as the due text reads it. */
export const readingTimed = (one: Pick<Reading, 'state' | 'read_due_at' | 'quiz_due_at' | 'assigned_at'>): Timed => ({
  state: '', open: owed(one.state), due_at: one.state === 'to_read' ? one.read_due_at : one.quiz_due_at, opened_at: one.assigned_at,
})
export const READING_TONES: Record<ReadingState, string> = { to_read: 'amber', to_answer: 'violet', done: 'green', ended: '' }


export const MOST_QUESTIONS = 20
export const MOST_OPTIONS = 6
/** Who may be asked to read: the roles that see articles. */
export const READERS = ['agent', 'shift_lead', 'ops_manager', 'quality', 'trainer', 'analyst', 'liaison', 'counterpart', 'purchaser_admin', 'purchaser_business'] as const
export const blankQuestion = (): Question => ({ text: '', options: ['', ''], answer: 0, explanation: '' })

/** The first question that cannot be asked so, and why; null when all can. */
export function questionFault(questions: readonly Question[]): { at: number; code: 'text' | 'option' | 'twice' } | null {
  for (const [at, one] of questions.entries()) {
    const options = one.options.map((option) => option.trim())
    if (!one.text.trim()) return { at, code: 'text' }
    if (options.length < 2 || options.some((option) => !option)) return { at, code: 'option' }
    if (new Set(options).size < options.length) return { at, code: 'twice' }
  }
  return null
}

/** An option falls away; what is right stays right. */
export function withoutOption(question: Question, at: number): Question {
  const answer = question.answer > at ? question.answer - 1 : question.answer === at ? 0 : question.answer
  return { ...question, options: question.options.filter((_, i) => i !== at), answer }
}
