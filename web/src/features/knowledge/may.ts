import { computed, type ComputedRef } from 'vue'
import { P } from '@/api/permissions'
import { useSession } from '@/stores/session'
import type { May } from './approval'

/** What the one who looks may do with changes. */
export function useMay(): ComputedRef<May> {
  const session = useSession()
  return computed(() => ({
    write: session.can(P.writeArticles), own: session.reach(P.writeArticles) === 'own', emergency: session.can(P.emergencyApprovals),
    decide: session.can(P.decideApprovals), me: session.user?.id,
  }))
}
