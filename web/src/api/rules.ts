import { api, take } from './client'
import type { RuleKind, RuleRow } from './types'

/** The tables of rules by their doors. */
const DOORS = {
  ticket_limits: '/api/v1/rules/ticket-limits', case_terms: '/api/v1/rules/case-terms', escalation_levels: '/api/v1/rules/escalation-levels',
  emergency_ways: '/api/v1/rules/emergency-ways', emergency_categories: '/api/v1/rules/emergency-categories', dispatch: '/api/v1/rules/dispatch',
  reply_windows: '/api/v1/rules/reply-windows', knowledge_terms: '/api/v1/rules/knowledge-terms',
  recording_retention: '/api/v1/rules/recording-retention',
  outbound_purposes: '/api/v1/rules/outbound-purposes', outbound_numbers: '/api/v1/rules/outbound-numbers', outbound_sections: '/api/v1/rules/outbound-sections',
  learning_rules: '/api/v1/rules/learning',
  export_limits: '/api/v1/rules/export-limits', access_alarms: '/api/v1/rules/access-alarms', leak_terms: '/api/v1/rules/leak-terms',
  sampling_plans: '/api/v1/rules/sampling-plans', quality_terms: '/api/v1/rules/quality-terms', key_phrases: '/api/v1/rules/key-phrases',
  liaison_terms: '/api/v1/rules/liaison-terms', letter_series: '/api/v1/rules/letter-series', letter_templates: '/api/v1/rules/letter-templates', check_points: '/api/v1/rules/check-points', experience_terms: '/api/v1/rules/experience-terms',
  privacy_terms: '/api/v1/rules/privacy-terms',
  workforce_terms: '/api/v1/rules/workforce-terms', roster_terms: '/api/v1/rules/roster-terms',
  contract_terms: '/api/v1/rules/contract-terms', submission_checks: '/api/v1/rules/submission-checks',
  kpi_targets: '/api/v1/rules/kpi-targets', kpi_variants: '/api/v1/rules/kpi-variants',
  report_dues: '/api/v1/rules/report-dues',
} as const satisfies Record<RuleKind, string>

export interface NewRule { rule: Record<string, unknown>; effective_from: string | null; source: string }

/** All rows of one table, those that are over among them. */
export const rules = (kind: RuleKind) => take(api.GET(DOORS[kind])) as Promise<unknown> as Promise<{ items: RuleRow[] }>
/** A row from a moment on; those before stay. */
export const setRule = (kind: RuleKind, body: NewRule) => take(api.POST(DOORS[kind], { body: body as never })) as Promise<unknown> as Promise<{ items: RuleRow[] }>
