import { api, type Filters, listing, take } from './client'
import type { Emergency, Id, Incident, Page } from './types'

export const emergencies = (filters: Filters) => take(api.GET('/api/v1/emergencies', listing(filters))) as Promise<Page<Emergency>>
export const emergencyCategories = () => take(api.GET('/api/v1/emergency-categories')) as Promise<{ items: { code: string; name: string }[] }>
export const raiseEmergency = (body: { category: string; what: string; where: string }) => take(api.POST('/api/v1/emergencies', { body })) as Promise<Emergency>
/** The proof of arrival: shown on a screen, or acknowledged by the person. */
export const emergencyArrived = (id: Id, acknowledged: boolean) =>
  take(api.POST('/api/v1/emergencies/{id}/arrived', { params: { path: { id } }, body: { acknowledged } }))
export const incidents = (filters: Filters) => take(api.GET('/api/v1/incidents', listing(filters))) as Promise<Page<Incident>>
