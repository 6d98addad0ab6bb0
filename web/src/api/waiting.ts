// What waits for one's decision, of all capabilities.
import { api, type Sent, take } from './client'
import type { components } from './schema'

/** A door and what is sent to it. */
export interface Consent {
  path: string
  body: Record<string, unknown>
}
export type Waiting = Omit<Sent<components['schemas']['Waiting']>, 'consent'> & { consent: Consent | null }
export type WaitingList = Omit<Sent<components['schemas']['WaitingList']>, 'items'> & { items: Waiting[] }

export const waiting = () => take(api.GET('/api/v1/waiting')) as Promise<unknown> as Promise<WaitingList>
/** Says yes the way the line told; the server judges it as if its own page had asked. */
export const consent = (one: Consent): Promise<unknown> => take(api.POST(one.path as never, { body: one.body } as never))
