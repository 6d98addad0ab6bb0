// Whether the service is good: evaluations, samples, score cards, calibrations, corrective actions.
import { api, type Filters, listing, type Sent, take } from './client'
import type { components } from './schema'
import type { Colleague, Id, Page } from './types'

type S = components['schemas']

export const EVALUATION_STATES = ['sampled', 'scored', 'released', 'appealed', 'rescored', 'final', 'action', 'void'] as const
export const WORK_KINDS = ['call', 'conversation', 'work_order'] as const satisfies readonly S['WorkKind'][]
export const ORIGINS = ['random', 'complaint', 'dissatisfied', 'long_silence', 'repeat_contact', 'by_hand'] as const satisfies readonly S['Origin'][]
export const FATAL_KINDS = ['business', 'user', 'compliance'] as const satisfies readonly S['FatalKind'][]
export const CORRECTIVE_STATES = ['open', 'planned', 'done', 'verified', 'closed', 'withdrawn'] as const
export const CORRECTIVE_SOURCES = ['evaluation', 'complaint', 'inspection', 'by_hand'] as const satisfies readonly S['CorrectiveSource'][]
export const CALIBRATION_STATES = ['blind', 'revealed', 'cancelled'] as const

export type Evaluation = Sent<S['EvaluationView']>
export type EvaluationDetail = Sent<S['EvaluationDetail']>
export type GivenScore = Sent<S['GivenScore']>
export type CardBody = Sent<S['CardBody']>
export type CardItem = Sent<S['CardItem']>
export type Marks = Sent<S['Marks']>
export type ItemMark = Sent<S['ItemMark']>
export type ScoreEvidence = Sent<S['ScoreEvidence']>
export type Signals = Sent<S['SignalsView']>
export type Transcript = Sent<S['TranscriptView']>
export type TranscriptSegment = Sent<S['TranscriptSegment']>
export type PhraseHit = Sent<S['PhraseHit']>
export const PHRASE_KINDS = ['comfort', 'forbidden', 'watched'] as const satisfies readonly S['PhraseKind'][]
export const LANES = ['requester', 'agent'] as const satisfies readonly S['SpokenLane'][]
export type ScoreCard = Sent<S['ScoreCardView']>
export type ScoreCardDetail = Sent<S['ScoreCardDetail']>
export type ScoreCardVersion = Sent<S['ScoreCardVersionView']>
export type Draw = Sent<S['SamplingDrawView']>
export type DrawDetail = Sent<S['SamplingDrawDetail']>
export type Calibration = Sent<S['CalibrationView']>
export type CalibrationDetail = Sent<S['CalibrationDetail']>
export type Corrective = Sent<S['CorrectiveActionView']>
export type CorrectiveDetail = Sent<S['CorrectiveActionDetail']>
export type QualityLine = Sent<S['TrailLine']>
export type QualityStand = Sent<S['QualityStand']>
export type AgentQuality = Sent<S['AgentQuality']>

const at = (id: Id) => ({ params: { path: { id } } })

export const evaluations = (filters: Filters): Promise<Page<Evaluation>> => take(api.GET('/api/v1/evaluations', listing(filters)))
export const evaluation = (id: Id): Promise<EvaluationDetail> => take(api.GET('/api/v1/evaluations/{id}', at(id)))
export const signals = (id: Id): Promise<Signals> => take(api.GET('/api/v1/evaluations/{id}/signals', at(id)))
export const transcript = (id: Id): Promise<Transcript> => take(api.GET('/api/v1/evaluations/{id}/transcript', at(id)))
export const askTranscript = (id: Id): Promise<Transcript> => take(api.POST('/api/v1/evaluations/{id}/transcript', at(id)))
export const pickSample = (body: S['PickedSample']): Promise<EvaluationDetail> => take(api.POST('/api/v1/evaluations', { body }))
export const reviewers = async (): Promise<Colleague[]> => (await take(api.GET('/api/v1/evaluation-reviewers'))).items as Colleague[]
export type Scored = S['Scored']
export type ScoreStep = 'score' | 'second_score' | 'purchaser_score' | 'rescore' | 'settle'
export function giveScore(id: Id, step: ScoreStep, body: Scored): Promise<EvaluationDetail> {
  if (step === 'purchaser_score') return take(api.POST('/api/v1/evaluations/{id}/purchaser-score', { ...at(id), body }))
  if (step === 'rescore') return take(api.POST('/api/v1/evaluations/{id}/rescore', { ...at(id), body }))
  if (step === 'settle') return take(api.POST('/api/v1/evaluations/{id}/settle', { ...at(id), body }))
  return take(api.POST('/api/v1/evaluations/{id}/score', { ...at(id), body }))
}
export const assignEvaluation = (id: Id, version: number, to: Id): Promise<EvaluationDetail> => take(api.POST('/api/v1/evaluations/{id}/assign', { ...at(id), body: { version, to } }))
export const releaseEvaluation = (id: Id, version: number): Promise<EvaluationDetail> => take(api.POST('/api/v1/evaluations/{id}/release', { ...at(id), body: { version } }))
export const voidEvaluation = (id: Id, version: number, reason: string): Promise<EvaluationDetail> => take(api.POST('/api/v1/evaluations/{id}/void', { ...at(id), body: { version, reason } }))
export const acknowledgeEvaluation = (id: Id, version: number): Promise<EvaluationDetail> => take(api.POST('/api/v1/evaluations/{id}/acknowledge', { ...at(id), body: { version } }))
export const appealEvaluation = (id: Id, version: number, reason: string): Promise<EvaluationDetail> => take(api.POST('/api/v1/evaluations/{id}/appeal', { ...at(id), body: { version, reason } }))
export const qualityStand = (): Promise<QualityStand> => take(api.GET('/api/v1/quality-stand'))
export const qualityByAgent = async (from: string, to: string): Promise<AgentQuality[]> => (await take(api.GET('/api/v1/quality-by-agent', { params: { query: { from, to } } }))).items as AgentQuality[]

export const scoreCards = (filters: Filters): Promise<Page<ScoreCard>> => take(api.GET('/api/v1/score-cards', listing(filters)))
export const scoreCard = (id: Id): Promise<ScoreCardDetail> => take(api.GET('/api/v1/score-cards/{id}', at(id)))
export const makeScoreCard = (name: string, body: CardBody, note: string): Promise<ScoreCardDetail> => take(api.POST('/api/v1/score-cards', { body: { name, body, note } }))
export const writeScoreCard = (id: Id, body: S['ScoreCardDraft']): Promise<ScoreCardDetail> => take(api.PUT('/api/v1/score-cards/{id}/draft', { ...at(id), body }))
export const publishScoreCard = (id: Id, n: number, version: number): Promise<ScoreCardDetail> => take(api.POST('/api/v1/score-cards/{id}/publish', { ...at(id), body: { n, version } }))
/** The versions that are scored by today, the newest card first. */
export async function cardsInUse(): Promise<{ name: string; version: ScoreCardVersion }[]> {
  const cards = (await scoreCards({ per_page: 100 })).items.filter((card) => card.current_n !== null)
  const found = await Promise.all(cards.map((card) => scoreCard(card.id)))
  return found.flatMap((card) => card.versions.filter((version) => version.n === card.current_n).map((version) => ({ name: card.name, version })))
}

export const draws = (filters: Filters): Promise<Page<Draw>> => take(api.GET('/api/v1/sampling-draws', listing(filters)))
export const drawing = (id: Id): Promise<DrawDetail> => take(api.GET('/api/v1/sampling-draws/{id}', at(id)))
export const drawSamples = (plan: string, from: string, until: string): Promise<DrawDetail> => take(api.POST('/api/v1/sampling-draws', { body: { plan, from, until } }))
export type SamplingPlan = Sent<S['SamplingPlan']>
/** Those by which samples are drawn today. */
export async function plansInForce(): Promise<SamplingPlan[]> {
  const found = (await take(api.GET('/api/v1/rules/sampling-plans'))) as unknown as { items: { standing: string; rule: SamplingPlan }[] }
  return found.items.filter((row) => row.standing === 'in_force' && row.rule.active).map((row) => row.rule)
}

export const calibrations = (filters: Filters): Promise<Page<Calibration>> => take(api.GET('/api/v1/calibrations', listing(filters)))
export const calibration = (id: Id): Promise<CalibrationDetail> => take(api.GET('/api/v1/calibrations/{id}', at(id)))
export const openCalibration = (body: S['NewCalibration']): Promise<CalibrationDetail> => take(api.POST('/api/v1/calibrations', { body }))
export const scoreCalibration = (id: Id, marks: Marks): Promise<CalibrationDetail> => take(api.POST('/api/v1/calibrations/{id}/score', { ...at(id), body: { marks } }))
export const endCalibration = (id: Id, verb: 'reveal' | 'cancel', version: number): Promise<CalibrationDetail> =>
  verb === 'reveal' ? take(api.POST('/api/v1/calibrations/{id}/reveal', { ...at(id), body: { version } })) : take(api.POST('/api/v1/calibrations/{id}/cancel', { ...at(id), body: { version } }))

export const correctives = (filters: Filters): Promise<Page<Corrective>> => take(api.GET('/api/v1/corrective-actions', listing(filters)))
export const corrective = (id: Id): Promise<CorrectiveDetail> => take(api.GET('/api/v1/corrective-actions/{id}', at(id)))
export type NewCorrective = S['NewCorrectiveAction']
export const openCorrective = (body: NewCorrective): Promise<CorrectiveDetail> => take(api.POST('/api/v1/corrective-actions', { body }))
export const planCorrective = (id: Id, body: S['CorrectivePlan']): Promise<CorrectiveDetail> => take(api.POST('/api/v1/corrective-actions/{id}/plan', { ...at(id), body }))
export const reassignCorrective = (id: Id, body: S['ReassignedCorrective']): Promise<CorrectiveDetail> => take(api.POST('/api/v1/corrective-actions/{id}/reassign', { ...at(id), body }))
export const correctiveOwners = async (): Promise<Colleague[]> => (await take(api.GET('/api/v1/corrective-owners'))).items as Colleague[]
export const coachCorrective = (id: Id, body: S['WantedCoaching']): Promise<CorrectiveDetail> => take(api.POST('/api/v1/corrective-actions/{id}/coach', { ...at(id), body }))
export const finishCorrective = (id: Id, version: number, note: string): Promise<CorrectiveDetail> => take(api.POST('/api/v1/corrective-actions/{id}/finish', { ...at(id), body: { version, note } }))
export const verifyCorrective = (id: Id, version: number, verdict: Record<string, unknown>): Promise<CorrectiveDetail> => take(api.POST('/api/v1/corrective-actions/{id}/verify', { ...at(id), body: { version, ...verdict } as never }))
export const withdrawCorrective = (id: Id, version: number, reason: string): Promise<CorrectiveDetail> => take(api.POST('/api/v1/corrective-actions/{id}/withdraw', { ...at(id), body: { version, reason } }))
