import { defineStore } from 'pinia'
import { computed, ref, shallowReactive } from 'vue'
import { users } from '@/api/organization'
import { P } from '@/api/permissions'
import type { Colleague, Ticket } from '@/api/types'
import { useSession } from './session'

/**
 * Colleagues by id: who may see users reads those who take requests; everybody learns the names that tickets carry.
 */
export const usePeople = defineStore('people', () => {
  const known = shallowReactive(new Map<string, Colleague>())
  const takers = ref<string[]>([])
  /** The list of who can take a ticket is whole. */
  const complete = ref(false)
  let asked: Promise<void> | null = null

  function learn(...people: (Colleague | null | undefined)[]): void {
    for (const person of people) if (person && !known.has(person.id)) known.set(person.id, person)
  }
  function learnFrom(tickets: Ticket[]): void {
    for (const ticket of tickets) learn(ticket.first_owner, ticket.owner, ticket.transfer_to)
  }

  function ready(): Promise<void> {
    if (!useSession().can(P.viewUsers)) return Promise.resolve()
    asked ??= read().catch(() => {
      asked = null
    })
    return asked
  }
  async function read(): Promise<void> {
    const found = await Promise.all(['agent', 'shift_lead'].map((role) => users({ role, disabled: false, per_page: 200 })))
    const all = found.flatMap((page) => page.items)
    learn(...all.map(({ id, name, staff_no }) => ({ id, name, staff_no })))
    takers.value = [...new Set(all.map((user) => user.id))]
    complete.value = true
  }

  const agents = computed(() => {
    const list = complete.value ? takers.value.map((id) => known.get(id)!) : [...known.values()]
    return list.sort((a, b) => (a.staff_no ?? '~').localeCompare(b.staff_no ?? '~') || a.name.localeCompare(b.name))
  })
  const nameOf = (id: string | null | undefined): string | null => (id ? (known.get(id)?.name ?? null) : null)

  return { agents, complete, known, ready, learn, learnFrom, nameOf }
})
