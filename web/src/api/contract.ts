// The clauses of the contract with what proves them.
import { api, type Sent, take } from './client'
import type { components } from './schema'

export type Clause = Sent<components['schemas']['ClauseView']>
export type ClauseList = Sent<components['schemas']['ClauseList']>
export const CLAUSE_STATES = ['kept', 'amiss', 'quiet', 'unproven', 'elsewhere'] as const

export const contractClauses = () => take(api.GET('/api/v1/contract-clauses')) as Promise<ClauseList>
