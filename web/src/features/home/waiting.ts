import { sentence } from '@/lib/tell'
import { consent, type Waiting } from '@/api/waiting'

/** What identifies a line: two kinds may share an id. */
export const keyOf = (one: Waiting): string => `${one.kind}:${one.id}`

export interface Narrowed {
  q: string
  kind: string
  section: string
  overdue: boolean
}

/** The lines that the filters leave. */
export function narrowed(items: readonly Waiting[], by: Narrowed, now: number): Waiting[] {
  const words = by.q.trim().toLowerCase()
  return items.filter((one) => {
    if (by.kind && one.kind !== by.kind) return false
    if (by.section && one.section !== by.section) return false
    if (by.overdue && !(one.due_at && Date.parse(one.due_at) < now)) return false
    return !words || `${one.number ?? ''} ${one.title}`.toLowerCase().includes(words)
  })
}

export interface Refused {
  line: Waiting
  why: string
}

/** Says yes to one after the other; a refusal stops none of the others. */
export async function consentAll(lines: readonly Waiting[], step: (done: number) => void): Promise<Refused[]> {
  const refused: Refused[] = []
  let done = 0
  for (const line of lines) {
    try {
      if (line.consent) await consent(line.consent)
    } catch (error) {
      refused.push({ line, why: sentence(error) })
    }
    step(++done)
  }
  return refused
}
