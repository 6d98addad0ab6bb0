// Who of both sides may be named: by who may see users all of them, else the liaison persons, the team and oneself.
import { liaisons, team } from '@/api/liaison'
import { users } from '@/api/organization'
import { P } from '@/api/permissions'
import { useSession } from '@/stores/session'

export interface Person { id: string; name: string; staff_no: string | null; side: 'supplier' | 'purchaser' }

const PURCHASERS = ['counterpart', 'purchaser_admin', 'purchaser_business', 'purchaser_reviewer']
/** The side that who is signed in acts for. */
export const mySide = (): 'supplier' | 'purchaser' => (PURCHASERS.some((role) => useSession().has(role)) ? 'purchaser' : 'supplier')

let asked: Promise<Person[]> | null = null
let of = ''

async function read(): Promise<Person[]> {
  const session = useSession()
  if (session.can(P.viewUsers)) {
    const page = await users({ disabled: false, per_page: 200 })
    return page.items.map((one) => ({ id: one.id, name: one.name, staff_no: one.staff_no, side: one.side === 'purchaser' ? 'purchaser' : 'supplier' }))
  }
  const found = new Map<string, Person>()
  const [board, chart] = await Promise.all([liaisons(), team()])
  for (const one of board.items) if (one.user) found.set(one.user.id, { ...one.user, side: one.side === 'purchaser' ? 'purchaser' : 'supplier' })
  for (const one of chart.items) if (one.user_id && one.holds) found.set(one.user_id, { id: one.user_id, name: one.name, staff_no: null, side: 'supplier' })
  const me = session.user
  if (me && !found.has(me.id)) found.set(me.id, { id: me.id, name: me.name, staff_no: me.staff_no ?? null, side: mySide() })
  return [...found.values()]
}

/** Read once for who is signed in. */
export function bothSides(): Promise<Person[]> {
  const me = useSession().user?.id ?? ''
  if (!asked || of !== me) {
    of = me
    asked = read().catch((error: unknown) => {
      asked = null
      throw error
    })
  }
  return asked
}
