// Pointing at what is evaluated: which messages and steps are attached to which items, how long an answer was waited for.
import type { CardBody, Marks } from '@/api/quality'
import type { Message } from '@/api/channels'

/** Seconds after which a wait for an answer is shown. */
export const LONG_WAIT = 60
const EXCERPT = 16

export const excerpt = (text: string): string => (text.length > EXCERPT ? `${text.slice(0, EXCERPT)}…` : text)

/** The seconds that were waited, at the answer that ended the wait; from the first message that nobody answered yet. */
export function waits(messages: readonly Pick<Message, 'seq' | 'direction' | 'kind' | 'author' | 'at'>[]): Map<number, number> {
  const found = new Map<number, number>()
  let since: number | null = null
  for (const one of messages) {
    if (one.direction === 'in' && one.kind !== 'event') since ??= Date.parse(one.at)
    if (one.direction !== 'out' || !one.author || since === null) continue
    const seconds = Math.round((Date.parse(one.at) - since) / 1000)
    if (seconds >= LONG_WAIT) found.set(one.seq, seconds)
    since = null
  }
  return found
}

/** By message or step: the names of the items it is attached to. */
export function attachedTo(card: CardBody | null, marks: Marks | null): Map<number, string[]> {
  const found = new Map<number, string[]>()
  const note = (name: string | undefined, evidence: Marks['items'][number]['evidence']): void => {
    for (const one of evidence ?? []) if (one.step) found.set(one.step, [...(found.get(one.step) ?? []), name ?? ''])
  }
  for (const mark of marks?.items ?? []) note(card?.items.find((item) => item.code === mark.code)?.name, mark.evidence)
  for (const mark of marks?.vetoes ?? []) note(card?.vetoes.find((veto) => veto.code === mark.code)?.name, mark.evidence)
  return found
}

/** Brings a message or step in sight and shows for a moment which it is. */
export function goTo(box: HTMLElement | undefined, n: number): void {
  const row = box?.querySelector<HTMLElement>(`[data-n="${n}"]`)
  if (!row) return
  row.scrollIntoView({ block: 'center', behavior: 'smooth' })
  row.classList.remove('found')
  void row.offsetWidth
  row.classList.add('found')
}
