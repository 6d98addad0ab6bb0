// The time line of a case in words.
import type { CaseLine, Escalation } from '@/api/types'
import { has, t } from '@/i18n'
import type { CaseKind } from './states'

export function lineWord(kind: CaseKind, action: string): string {
  const key = `case_actions.${kind}.${action}`
  return has(key) ? t(key) : action
}

/** What was said: a code of the system in words, a count with what it counts, a person's words as they are. */
export function lineNote(kind: CaseKind, line: Pick<CaseLine, 'action' | 'note'>): string {
  if (!line.note) return ''
  if (kind === 'incident' && /^\d+$/.test(line.note)) {
    const key = `case_counts.${line.action}`
    return has(key) ? t(key, { n: line.note }) : line.note
  }
  // An escalation says first which level it is at.
  const [, level = '', said = ''] = /^(L\d+ ?)?([^]*)$/.exec(line.note) ?? []
  return level + (has(`case_notes.${said}`) ? t(`case_notes.${said}`) : said)
}

/** Why it goes up; what the system raised says so by a code. */
export const reasonWord = (one: Pick<Escalation, 'reason' | 'raised_by'>): string =>
  !one.raised_by && has(`case_notes.${one.reason}`) ? t(`case_notes.${one.reason}`) : one.reason
