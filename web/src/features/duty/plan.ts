// Who stands in for whom, day by day: an owner's covers, a section's members and deputies (AB 角).
import type { Staffing } from '@/api/duty'
import type { Absence, Colleague, Id, OwnerCovers, Post } from '@/api/types'

/** Days as calendar text of the service's zone, 2026-11-23; both included. */
export interface Days { from_day: string; to_day: string | null }

export interface Plan { version: number; posts: Post[]; absences: Absence[] }

export interface PostDraft { user_id: Id | null; deputy: boolean; from: string; to: string }
export interface AwayDraft { user_id: Id | null; from: string; to: string }
export interface Draft { posts: PostDraft[]; absences: AwayDraft[] }

export const onDay = ({ from_day, to_day }: Days, day: string): boolean => from_day <= day && (to_day === null || day <= to_day)
export const isOver = ({ to_day }: Days, day: string): boolean => to_day !== null && to_day < day

export const draftOf = (plan: Plan): Draft => ({
  posts: plan.posts.map((post) => ({ user_id: post.user_id, deputy: post.deputy, from: post.from_day, to: post.to_day ?? '' })),
  absences: plan.absences.map((away) => ({ user_id: away.user_id, from: away.from_day, to: away.to_day })),
})

/** The plan as the server takes it, or what it lacks first. */
export function staffing(draft: Draft, version: number): Staffing | 'person' | 'from' | 'days' | 'backwards' {
  const rows = [...draft.posts, ...draft.absences]
  if (rows.some((row) => !row.user_id)) return 'person'
  if (draft.posts.some((post) => !post.from)) return 'from'
  if (draft.absences.some((away) => !away.from || !away.to)) return 'days'
  if (rows.some((row) => row.to && row.to < row.from)) return 'backwards'
  return {
    version,
    posts: draft.posts.map((post) => ({ user_id: post.user_id!, deputy: post.deputy, from_day: post.from, to_day: post.to || null })),
    absences: draft.absences.map((away) => ({ user_id: away.user_id!, from_day: away.from, to_day: away.to })),
  }
}

export interface Change { sign: 'added' | 'removed'; what: 'post' | 'absence'; user_id: Id; deputy: boolean; days: Days }

/** What somebody else changed between two readings of one plan. */
export function changes(before: Plan, after: Plan): Change[] {
  const rows = (plan: Plan) => [
    ...plan.posts.map((post) => ({ what: 'post' as const, user_id: post.user_id, deputy: post.deputy, days: { from_day: post.from_day, to_day: post.to_day } })),
    ...plan.absences.map((away) => ({ what: 'absence' as const, user_id: away.user_id, deputy: false, days: { from_day: away.from_day, to_day: away.to_day } })),
  ]
  const [old, now] = [rows(before), rows(after)]
  const lacks = (list: typeof old) => {
    const known = new Set(list.map((row) => JSON.stringify(row)))
    return (row: (typeof old)[number]) => !known.has(JSON.stringify(row))
  }
  return [
    ...old.filter(lacks(now)).map((row) => ({ sign: 'removed' as const, ...row })),
    ...now.filter(lacks(old)).map((row) => ({ sign: 'added' as const, ...row })),
  ]
}

/**
 * Who would be asked if this owner were away now: the first of those named for the day who is there, else a shift
 * lead; 'lead' where the leads are not known to the viewer, null where nobody would be.
 */
export function nextInLine(one: OwnerCovers, all: OwnerCovers[], today: string, leads: Colleague[] | null): Colleague | 'lead' | null {
  const away = new Set(all.filter((owner) => owner.away !== null).map((owner) => owner.owner.id))
  const named = one.covers.find((cover) => onDay(cover, today) && !away.has(cover.user_id))?.person
  if (named) return named
  return leads ? (leads.find((lead) => lead.id !== one.owner.id && !away.has(lead.id)) ?? null) : 'lead'
}

/** By name, number or the initials of who is named. */
export function matches(query: string, ...texts: (string | null | undefined)[]): boolean {
  const q = query.trim().toLowerCase()
  return !q || texts.some((text) => text?.toLowerCase().includes(q))
}
