import { api, take } from './client'
import type { Absence, Id, OwnerCovers, Post, SectionPeople } from './types'

/** Posts and absences as they are sent: all of them, with the version that was read. */
export interface Staffing {
  version: number
  posts: Omit<Post, 'person'>[]
  absences: Absence[]
}

export const covers = () => take(api.GET('/api/v1/covers')) as Promise<{ items: OwnerCovers[] }>
export const setCovers = (owner: Id, { version, posts, absences }: Staffing) =>
  take(api.PUT('/api/v1/covers/{owner_id}', {
    params: { path: { owner_id: owner } },
    body: { version, covers: posts, absences: absences.map(({ from_day, to_day }) => ({ from_day, to_day })) },
  })) as Promise<OwnerCovers>

export const sectionPeople = () => take(api.GET('/api/v1/sections')) as Promise<{ items: SectionPeople[] }>
export const setSectionPeople = (code: string, { version, posts, absences }: Staffing) =>
  take(api.PUT('/api/v1/sections/{code}/members', { params: { path: { code } }, body: { version, members: posts, absences } })) as Promise<SectionPeople>
