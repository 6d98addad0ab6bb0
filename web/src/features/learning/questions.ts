// A question while it is written: what it may hold by its kind, and what is still missing.
import type { Asked, QuestionContent, QuestionKind } from '@/api/learning'
import { has, t } from '@/i18n'

export const MOST_OPTIONS = 8
export const MOST_BLANKS = 20
export const hasOptions = (kind: QuestionKind): boolean => kind === 'single' || kind === 'multiple'

export const blankContent = (kind: QuestionKind): QuestionContent => ({
  text: '', options: hasOptions(kind) ? ['', '', '', ''] : [], right: [], truth: null, blanks: kind === 'fill' ? [['']] : [], model_answer: '', explanation: '', recording: null,
})

/** The same for another kind: what both have stays. */
export function asKind(content: QuestionContent, kind: QuestionKind): QuestionContent {
  const blank = blankContent(kind)
  return {
    ...blank, text: content.text, explanation: content.explanation,
    options: hasOptions(kind) && content.options.length ? content.options : blank.options,
    right: kind === 'multiple' ? content.right : hasOptions(kind) ? content.right.slice(0, 1) : [],
    blanks: kind === 'fill' && content.blanks.length ? content.blanks : blank.blanks,
    truth: kind === 'true_false' ? content.truth : null,
    model_answer: kind === 'short' || kind === 'call_simulation' ? content.model_answer : '',
    recording: kind === 'call_simulation' ? content.recording : null,
  }
}

/** An option falls away; what is right stays right. */
export function dropOption(content: QuestionContent, at: number): QuestionContent {
  return { ...content, options: content.options.filter((_, i) => i !== at), right: content.right.filter((one) => one !== at).map((one) => (one > at ? one - 1 : one)) }
}

export function turnRight(content: QuestionContent, kind: QuestionKind, at: number): number[] {
  if (kind === 'single') return [at]
  return content.right.includes(at) ? content.right.filter((one) => one !== at) : [...content.right, at].sort((a, b) => a - b)
}

/** Trimmed as it is sent: variants of a blank that hold nothing fall away. */
export const cleaned = (content: QuestionContent): QuestionContent => ({
  ...content, text: content.text.trim(), options: content.options.map((one) => one.trim()), blanks: content.blanks.map((variants) => variants.map((one) => one.trim()).filter(Boolean)),
  model_answer: content.model_answer.trim(), explanation: content.explanation.trim(),
})

export type Fault = 'text' | 'options' | 'twice' | 'right_one' | 'right_many' | 'truth' | 'blanks' | 'model' | 'recording'
/** What is missing before it can be asked; null when nothing is. */
export function faultOf(kind: QuestionKind, content: QuestionContent): Fault | null {
  const clean = cleaned(content)
  if (!clean.text) return 'text'
  if (hasOptions(kind)) {
    if (clean.options.length < 2 || clean.options.some((one) => !one)) return 'options'
    if (new Set(clean.options).size < clean.options.length) return 'twice'
    if (kind === 'single' && clean.right.length !== 1) return 'right_one'
    if (kind === 'multiple' && clean.right.length < 2) return 'right_many'
  }
  if (kind === 'true_false' && clean.truth === null) return 'truth'
  if (kind === 'fill' && (!clean.blanks.length || clean.blanks.some((variants) => !variants.length))) return 'blanks'
  if ((kind === 'short' || kind === 'call_simulation') && !clean.model_answer) return 'model'
  if (kind === 'call_simulation' && !clean.recording) return 'recording'
  return null
}

/** The question as it will be put, options in the order of the bank. */
export const askedOf = (content: QuestionContent): Asked => ({ text: content.text, options: content.options, blanks: content.blanks.length, recording: content.recording !== null })

const COLUMNS: Record<string, string> = { kind: 'kind', matter: 'matter', difficulty: 'difficulty', text: 'text', options: 'options', right: 'right', truth: 'right', blanks: 'right', answer: 'right', model_answer: 'right', explanation: 'explanation', source: 'source', recording: 'recording' }
/** The column that a remark means, as the template calls it. */
export const columnWord = (field: string): string => (COLUMNS[field] ? t(`question_columns.${COLUMNS[field]}`) : '')
/** What is wrong with a cell; the codes are also those of problems. */
export function remarkWord(one: { code: string; field: string; detail: string }): string {
  const key = [`question_remarks.${one.code}`, `import_remarks.${one.code}`, `problems.${one.code}`].find(has)
  return key ? t(key) : one.detail
}
