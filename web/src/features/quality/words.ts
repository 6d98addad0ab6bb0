// The words of quality, and the colours of its states.
import type { Evaluation } from '@/api/quality'
import { span } from '@/features/tickets/due'
import { has, t } from '@/i18n'
import { duration } from '@/lib/format'

const TONES: Record<string, string> = {
  sampled: 'amber', scored: 'blue', released: 'blue', appealed: 'amber', rescored: 'blue', final: 'green', action: 'violet', void: '',
}
export const toneOf = (state: string): string => TONES[state] ?? ''
const known = (key: string, code: string): string => (has(`${key}.${code}`) ? t(`${key}.${code}`) : code)
export const stateWord = (state: string): string => known('evaluation_states', state)
export const kindWord = (kind: string): string => known('work_kinds', kind)
export const originWord = (origin: string): string => known('sample_origins', origin)
export const fatalWord = (kind: string): string => known('fatal_kinds', kind)
export const scoreKindWord = (kind: string): string => known('score_kinds', kind)
export const lineWord = (action: string): string => known('quality_lines', action)
export const phraseWord = (kind: string): string => known('phrase_kinds', kind)
export const failureWord = (why: string): string => known('transcript_failures', why)
/** What the requester said of it, whatever the channel's words. */
export const ratingWord = (said: string | null): string => (said === null ? '—' : /^[1-5]$/.test(said) ? t('evaluations.of_five', { n: said }) : known('satisfactions', said))
/** How long it took: 3:07, from an hour on in words. */
export function lasted(seconds: number): string {
  if (seconds < 3_600) return duration(seconds)
  const { unit, a, b } = span(seconds)
  return t(`due.span.${unit}`, { a, b })
}
/** The page on which the contact itself is read. */
export const contactPage = (one: Pick<Evaluation, 'kind' | 'contact_id'>): string =>
  one.kind === 'call' ? `/calls/${one.contact_id}` : one.kind === 'conversation' ? `/conversations/${one.contact_id}` : `/tickets/${one.contact_id}`
/** Milliseconds into a recording: 1:07.3 */
export function stamp(ms: number): string {
  const tenths = Math.floor(ms / 100)
  const minutes = Math.floor(tenths / 600)
  const rest = (tenths % 600) / 10
  return `${minutes}:${rest < 10 ? '0' : ''}${rest.toFixed(1)}`
}
