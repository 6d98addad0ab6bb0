// What waits for one's decision, of all capabilities.
import { api, type Sent, take } from './client'
import type { components } from './schema'

export type Waiting = Sent<components['schemas']['Waiting']>
export type WaitingList = Sent<components['schemas']['WaitingList']>

export const waiting = () => take(api.GET('/api/v1/waiting')) as Promise<WaitingList>
/** Says yes the way the line told; the server judges it as if its own page had asked. */
export const consent = (one: NonNullable<Waiting['consent']>): Promise<unknown> => take(api.POST(one.path as never, { body: one.body } as never))
