// What the requirement leaves open, in words: the question, what it decides, and each answer the program acts on.
import type { OpenQuestion } from '@/api/settlement'
import { has, t } from '@/i18n'

export const questionWord = (question: string): string => t(`open_question_titles.${question}`)
export const decidesWord = (question: string): string => t(`open_question_decides.${question}`)
/** An answer: the word of a choice, else what was said. */
export function answerWord(question: string, answer: string): string {
  const key = `open_question_answers.${question}.${answer}`
  return has(key) ? t(key) : answer
}
/** Questions whose answer is a table of its own. */
export const isTable = (one: Pick<OpenQuestion, 'choices'>): boolean => one.choices.length === 1 && one.choices[0] === 'table'
