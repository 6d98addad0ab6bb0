// Saying what happened: a refusal in the reader's language, with the way out.
import { ElMessage } from 'element-plus'
import { asProblem, type Problem } from '@/api/problem'
import { has, t } from '@/i18n'
import { valuesOf } from './refusals'

/** The problem in words: the translated code, else what the server said. */
export function words(error: unknown): string {
  const problem = asProblem(error)
  const key = `problems.${problem.code}`
  if (has(key)) return t(key, { ...valuesOf(problem.code, problem.extra), detail: problem.detail })
  return problem.detail || t('problems.unexpected')
}

/** What to do about it; empty when the words above say it already. */
export function wayOut(error: unknown): string {
  const problem: Problem = asProblem(error)
  const key = `way_out.${problem.code}`
  return has(key) ? t(key, valuesOf(problem.code, problem.extra)) : ''
}

/** Both of them; `where` stands between. */
export const sentence = (error: unknown, where = ''): string => [words(error), where, wayOut(error)].filter(Boolean).join(' ')

export function tell(error: unknown): void {
  // A session that ended shows its own page.
  if (asProblem(error).status === 401) return
  ElMessage({ type: 'error', message: sentence(error), duration: 6000, showClose: true, grouping: true })
}

export function done(message: string): void {
  ElMessage({ type: 'success', message, duration: 2500, grouping: true })
}
