import { get, post, put } from './client'
import type { AgentState, Callback, Floor, Id, Page, Queue, SettableState, Wallboard } from './types'

export const agentState = () => get<AgentState>('/agent-state')
/** With work in hand the state comes after the wrap-up. */
export const setAgentState = (state: SettableState, reason?: string) =>
  put<AgentState>('/agent-state', { state, ...(reason ? { reason } : {}) })
export const endWrapUp = () => post<AgentState>('/agent-state/wrap-up/end')
export const extendWrapUp = (reason: string) => post<AgentState>('/agent-state/wrap-up/extend', { reason })
export const forceState = (agent: Id, state: SettableState, reason: string) =>
  put<AgentState>(`/agents/${agent}/state`, { state, reason })
export const floor = () => get<Floor>('/floor')
export const wallboard = () => get<Wallboard>('/wallboard')
export const queues = () => get<{ items: Queue[] }>('/queues')
export const saveQueue = ({ code, ...rules }: Queue) => put<Queue>(`/queues/${encodeURIComponent(code)}`, rules)
export const callbacks = (query: Record<string, string | number | boolean | undefined>) => get<Page<Callback>>('/callbacks', query)
export const callbackDone = (work: Id, note: string) => post<Callback>(`/callbacks/${work}/done`, note ? { note } : {})
