// Drawing how a leg was heard: a point for each ten seconds.
import type { CallLeg } from '@/api/types'

type Stretch = CallLeg['stretches'][number]
type Value = 'loss_percent' | 'jitter_ms'

export const COLOURS: Record<CallLeg['rating'], string> = { good: 'green', fair: 'amber', poor: 'red' }

/** The worst of it. */
export const most = (stretches: readonly Stretch[], value: Value): number => Math.max(0, ...stretches.map((one) => one[value]))

/** The points of a line; `full` reaches the top unless more was measured. */
export function line(stretches: readonly Stretch[], value: Value, full: number, width: number, height: number): string {
  const top = Math.max(full, most(stretches, value))
  const step = stretches.length > 1 ? width / (stretches.length - 1) : width
  const at = (n: number) => height - 1 - (n / top) * (height - 2)
  if (stretches.length === 1) return `0,${at(stretches[0]![value])} ${width},${at(stretches[0]![value])}`
  return stretches.map((one, i) => `${Math.round(i * step * 10) / 10},${Math.round(at(one[value]) * 10) / 10}`).join(' ')
}
