// Who of both sides may be named: everybody with an account, by department or section.
import { everybody, type Person } from '@/api/liaison'
import { useSession } from '@/stores/session'

const PURCHASERS = ['counterpart', 'purchaser_admin', 'purchaser_business', 'purchaser_reviewer']
/** The side that who is signed in acts for. */
export const mySide = (): 'supplier' | 'purchaser' => (PURCHASERS.some((role) => useSession().has(role)) ? 'purchaser' : 'supplier')

let asked: Promise<Person[]> | null = null
let of = ''

/** Read once for who is signed in. */
export function bothSides(): Promise<Person[]> {
  const me = useSession().user?.id ?? ''
  if (!asked || of !== me) {
    of = me
    asked = everybody().then((found) => found.items, (error: unknown) => {
      asked = null
      throw error
    })
  }
  return asked
}
