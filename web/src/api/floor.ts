import { get, post, put } from './client'
import type { AgentState, Callback, Floor, Id, Page, SettableState, Wallboard } from './types'

export const agentState = () => get<AgentState>('/agent-state')
export const setAgentState = (state: SettableState, reason?: string) =>
  put<AgentState>('/agent-state', { state, ...(reason ? { reason } : {}) })
export const endWrapUp = () => post<AgentState>('/agent-state/wrap-up/end')
export const extendWrapUp = (reason: string) => post<AgentState>('/agent-state/wrap-up/extend', { reason })
export const forceState = (agent: Id, state: SettableState, reason: string) =>
  put<void>(`/agents/${agent}/state`, { state, reason })
export const floor = () => get<Floor>('/floor')
export const wallboard = () => get<Wallboard>('/wallboard')
export const callbacks = (query: Record<string, string | number | undefined>) => get<Page<Callback>>('/callbacks', query)
export const callbackDone = (id: Id) => post<Callback>(`/callbacks/${id}/done`)
