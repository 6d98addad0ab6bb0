// Saying what happened: a refusal in the reader's language, with the way out.
import { ElMessage } from 'element-plus'
import { asProblem, type Problem } from '@/api/problem'
import { has, t } from '@/i18n'

/** The problem in words: the translated code, else what the server said. */
export function words(error: unknown): string {
  const problem = asProblem(error)
  const key = `problems.${problem.code}`
  if (has(key)) return t(key, { ...problem.extra, detail: problem.detail })
  return problem.detail || t('problems.unexpected')
}

/** What to do about it; empty when the words above say it already. */
export function wayOut(error: unknown): string {
  const problem: Problem = asProblem(error)
  const key = `way_out.${problem.code}`
  return has(key) ? t(key, problem.extra) : ''
}

export function tell(error: unknown): void {
  const problem = asProblem(error)
  // A session that ended shows its own page.
  if (problem.status === 401) return
  const out = wayOut(error)
  ElMessage({ type: 'error', message: out ? `${words(error)} ${out}` : words(error), duration: 6000, showClose: true, grouping: true })
}

export function done(message: string): void {
  ElMessage({ type: 'success', message, duration: 2500, grouping: true })
}
