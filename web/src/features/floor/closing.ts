// Who still waits although the line has closed, as the server tells it call by call. Pure.
export interface ClosingTold { call_id: string; queue: string; serve_until: string | null }
export interface Waiting { callId: string; queue: string; until: string }

/** What stands after one more word: who waits no more is gone. */
export function heard(waiting: readonly Waiting[], { call_id, queue, serve_until }: ClosingTold): Waiting[] {
  const others = waiting.filter((one) => one.callId !== call_id)
  return serve_until ? [...others, { callId: call_id, queue, until: serve_until }] : others
}
/** A word that got lost does not stand for ever. */
export const still = (waiting: readonly Waiting[], now: number): Waiting[] => waiting.filter((one) => Date.parse(one.until) > now)
/** By queue: how many, and until when the first of them is served. */
export function byQueue(waiting: readonly Waiting[]): { queue: string; n: number; until: string }[] {
  const queues = new Map<string, { queue: string; n: number; until: string }>()
  for (const one of waiting) {
    const known = queues.get(one.queue)
    if (!known) queues.set(one.queue, { queue: one.queue, n: 1, until: one.until })
    else Object.assign(known, { n: known.n + 1, until: known.until < one.until ? known.until : one.until })
  }
  return [...queues.values()]
}
