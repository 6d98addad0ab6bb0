import { api, take } from './client'
import type { AgentState, Floor, Id, Queue, SettableState, Wallboard } from './types'

export const agentState = (): Promise<AgentState> => take(api.GET('/api/v1/agent-state'))
/** With work in hand the state comes after the wrap-up. */
export const setAgentState = (state: SettableState): Promise<AgentState> => take(api.PUT('/api/v1/agent-state', { body: { state } }))
export const endWrapUp = (): Promise<AgentState> => take(api.POST('/api/v1/agent-state/wrap-up/end'))
export const extendWrapUp = (reason: string): Promise<AgentState> =>
  take(api.POST('/api/v1/agent-state/wrap-up/extend', { body: { reason } }))
export const forceState = (agent: Id, state: SettableState, reason: string) =>
  take(api.PUT('/api/v1/agents/{id}/state', { params: { path: { id: agent } }, body: { state, reason } }))
export const floor = (): Promise<Floor> => take(api.GET('/api/v1/floor'))
export const wallboard = (): Promise<Wallboard> => take(api.GET('/api/v1/wallboard'))
export const queues = (): Promise<{ items: Queue[] }> => take(api.GET('/api/v1/queues'))
export const saveQueue = ({ code, ...body }: Queue) => take(api.PUT('/api/v1/queues/{code}', { params: { path: { code } }, body }))
