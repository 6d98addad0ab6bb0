// Which row of a list stands open beside it: in the address, so that a link shows the same.
import { computed, type ComputedRef } from 'vue'
import { useRoute, useRouter } from 'vue-router'

export function useOpened(): { opened: ComputedRef<string | null>; open: (id: string | null) => void } {
  const route = useRoute()
  const router = useRouter()
  function open(id: string | null): void {
    const { open: _, ...query } = route.query
    void router.replace({ query: id ? { ...query, open: id } : query })
  }
  return { opened: computed(() => (typeof route.query.open === 'string' ? route.query.open : null)), open }
}
