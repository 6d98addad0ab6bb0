// What the two sides are called on paper.
import { shallowRef } from 'vue'
import { api, take } from '@/api/client'

const names = shallowRef<Record<string, string>>({})
let asked = false

/** The name of a side; empty until it is known. */
export function usePartyNames(): (side: string) => string {
  if (!asked) {
    asked = true
    void take(api.GET('/api/v1/parties')).then(
      (found) => (names.value = Object.fromEntries(found.map((one) => [one.side, one.name]))),
      () => (asked = false),
    )
  }
  return (side) => names.value[side] ?? ''
}
