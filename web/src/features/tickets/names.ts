import { useMatters } from '@/stores/matters'
import { usePeople } from '@/stores/people'
import { useSections } from '@/stores/sections'

/** The names behind the codes and ids of a ticket. */
export function useNames() {
  const matters = useMatters()
  const people = usePeople()
  const sections = useSections()
  void matters.ready().catch(() => {})
  void people.ready()
  void sections.ready()
  return { matter: matters.nameOf, section: sections.nameOf, person: people.nameOf }
}
