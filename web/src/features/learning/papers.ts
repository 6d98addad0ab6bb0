// The rules by which a paper is drawn, while they are written.
import type { Blueprint, PaperPart } from '@/api/learning'

export const MOST_PARTS = 20
export const MOST_QUESTIONS = 200
export const blankPart = (): PaperPart => ({ kind: 'single', matter: null, difficulty: null, many: 10, points: 2 })
export const blankRules = (): Blueprint => ({ parts: [blankPart()], pass_percent: null, minutes: 60, max_resits: 1, resit_after_hours: 24, resit_within_days: 5 })

export const questionsOf = (rules: Pick<Blueprint, 'parts'>): number => rules.parts.reduce((sum, part) => sum + part.many, 0)
export const totalOf = (rules: Pick<Blueprint, 'parts'>): number => rules.parts.reduce((sum, part) => sum + part.many * part.points, 0)

/** Parts that ask for more than the bank has; what two parts share the server alone can tell. */
export const short = (rules: Blueprint, available: readonly number[]): number[] => rules.parts.flatMap((part, at) => ((available[at] ?? 0) < part.many ? [at] : []))
