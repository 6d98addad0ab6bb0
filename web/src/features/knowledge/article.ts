// An article as its form holds it, and as it is compared.
import type { ArticleDetail, ArticleKind, Content, Version } from '@/api/knowledge'
import { day, dayStart } from '@/lib/format'
import { diffField, type DiffField } from './diff'

export interface Draft {
  kind: ArticleKind
  matter: string | null
  owner_section: string
  title: string
  question: string
  answer: string
  public_answer: string
  keywords: string[]
  source_no: string
  source_title: string
  /** Days; the last day of the validity still counts. */
  valid_from: string
  valid_to: string
  review_due: string
}

/** The day before the midnight at which something ends. */
export const lastDay = (end: string | null | undefined): string => (end ? day(Date.parse(end) - 1) : '')

/** Stands in a draft that the server made of a gap, where nobody wrote anything yet. */
const TO_BE_WRITTEN = '（待起草）'
const written = (text: string | null | undefined): string => (text === TO_BE_WRITTEN ? '' : (text ?? ''))

export function draftOf(article: ArticleDetail | null): Draft {
  const version = article?.working ?? article?.in_force ?? null
  return {
    kind: article?.kind ?? 'script', matter: article?.matter ?? null, owner_section: article?.owner_section ?? '',
    title: version?.title ?? '', question: version?.question ?? '', answer: written(version?.answer), public_answer: version?.public_answer ?? '', keywords: [...(version?.keywords ?? [])],
    source_no: version?.source_no ?? '', source_title: written(version?.source_title), valid_from: day(version?.valid_from), valid_to: lastDay(version?.valid_to), review_due: day(version?.review_due),
  }
}

const tidy = (words: readonly string[]): string[] => [...new Set(words.map((word) => word.trim()).filter(Boolean))]

const REQUIRED = ['title', 'question', 'answer', 'source_title'] as const
export type Lack = 'matter' | (typeof REQUIRED)[number]

/** What the draft says as it is sent, or the first field that is missing. */
export function contentOf(draft: Draft): Content | Lack {
  if (!draft.matter) return 'matter'
  const lack = REQUIRED.find((field) => !draft[field].trim())
  if (lack) return lack
  return {
    title: draft.title.trim(), question: draft.question.trim(), answer: draft.answer.trim(), public_answer: draft.public_answer.trim() || null,
    keywords: tidy(draft.keywords), source_no: draft.source_no.trim(), source_title: draft.source_title.trim(),
    valid_from: draft.valid_from ? dayStart(draft.valid_from) : null, valid_to: draft.valid_to ? dayStart(draft.valid_to, true) : null, review_due: draft.review_due ? dayStart(draft.review_due) : null,
  }
}

/** Everything that can change between two versions, in the order of the form. */
export const FIELDS = ['title', 'question', 'answer', 'public_answer', 'keywords', 'source_no', 'source_title', 'valid_from', 'valid_to', 'review_due'] as const
export type Texts = Record<(typeof FIELDS)[number], string>

export function textsOf(one: Content | Draft | Version | null): Texts {
  const dates = one && 'kind' in one ? { valid_from: one.valid_from, valid_to: one.valid_to, review_due: one.review_due } : { valid_from: day(one?.valid_from), valid_to: lastDay(one?.valid_to), review_due: day(one?.review_due) }
  return {
    title: one?.title ?? '', question: one?.question ?? '', answer: one?.answer ?? '', public_answer: one?.public_answer ?? '', keywords: tidy(one?.keywords ?? []).join(' '),
    source_no: one?.source_no ?? '', source_title: one?.source_title ?? '', ...dates,
  }
}

/** A date is read whole; texts by the character. */
export const diffOf = (from: Texts, to: Texts): DiffField[] => FIELDS.map((field) => diffField(field, from[field].trim(), to[field].trim(), ['valid_from', 'valid_to', 'review_due'].includes(field)))
