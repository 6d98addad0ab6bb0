// What is agreed about people, kind by kind: what a row is about, what it says, and what its form asks.
import { EDUCATION_LEVELS, type Item, MANDARIN_LEVELS, type PersonnelRuleKind, type Requirement } from '@/api/personnel'
import type { RuleRow } from '@/api/types'
import { has, t } from '@/i18n'
import { itemWord, requirementWord } from './words'

type Rule = Record<string, unknown>
export const asRequirement = (rule: Rule): Requirement => rule as unknown as Requirement

/** What a row is about: of one subject the latest holds. */
export function subjectWord(kind: PersonnelRuleKind, rule: Rule): string {
  switch (kind) {
    case 'qualifications': return itemWord(String(rule.item))
    case 'nda_versions': return t('personnel_rules.nda')
    case 'work_gate': return t('personnel_rules.gate')
    case 'personnel_terms': {
      const key = `personnel_terms.${String(rule.code).replace(/\./g, '_')}`
      return has(key) ? t(key) : String(rule.code)
    }
  }
}
export function saysWord(kind: PersonnelRuleKind, rule: Rule): string {
  switch (kind) {
    case 'qualifications': return requirementWord(asRequirement(rule))
    case 'nda_versions': return `${String(rule.code)}　${String(rule.title)}`
    case 'work_gate': return t(rule.file_required ? 'personnel_rules.gate_all' : 'personnel_rules.gate_files')
    case 'personnel_terms': return t('rule_spans.working_days', { n: Number(rule.working_days) })
  }
}
/** Without history those that hold or will. */
export const shownRows = (rows: RuleRow[], history: boolean): RuleRow[] => (history ? rows : rows.filter((row) => row.standing !== 'superseded'))

/** Which bounds an item has at all: a level, a least number, a largest one, how long a proof is good. */
export function boundsOf(item: Item): { level: readonly string[] | null; least: 'months' | 'speed' | 'mark' | null; most: boolean; seconds: boolean; valid: boolean } {
  return {
    level: item === 'education' ? EDUCATION_LEVELS : item === 'mandarin' ? MANDARIN_LEVELS : null,
    least: item === 'experience' ? 'months' : item === 'typing' ? 'speed' : item === 'interview' || item === 'attitude' ? 'mark' : null,
    most: item === 'age', seconds: item === 'typing',
    valid: !['experience', 'age', 'education'].includes(item),
  }
}
/** The form of a requirement: marks as they are read, not in tenths. */
export interface Draft { mandatory: boolean; least: number | undefined; most: number | undefined; exclusive: boolean; level: string; valid: number | undefined; minutes: number | undefined }
const there = (n: number | null | undefined): number | undefined => n ?? undefined
export function draftOf(rule: Requirement): Draft {
  const marks = boundsOf(rule.item).least === 'mark'
  return {
    mandatory: rule.mandatory, least: there(rule.least) === undefined ? undefined : marks ? rule.least! / 10 : rule.least!, most: there(rule.most), exclusive: rule.exclusive ?? false,
    level: rule.level ?? '', valid: there(rule.valid_months), minutes: rule.least_seconds ? rule.least_seconds / 60 : undefined,
  }
}
/** The row as the server takes it: only what the item has. */
export function requirementOf(item: Item, draft: Draft): Requirement {
  const bounds = boundsOf(item)
  const rule: Requirement = { item, mandatory: draft.mandatory }
  if (bounds.level && draft.level) rule.level = draft.level
  if (bounds.least && draft.least !== undefined) rule.least = bounds.least === 'mark' ? Math.round(draft.least * 10) : draft.least
  if (bounds.most && draft.most !== undefined) rule.most = draft.most
  if ((bounds.least || bounds.most) && draft.exclusive) rule.exclusive = true
  if (bounds.valid && draft.valid !== undefined) rule.valid_months = draft.valid
  if (bounds.seconds && draft.minutes !== undefined) rule.least_seconds = Math.round(draft.minutes * 60)
  return rule
}
