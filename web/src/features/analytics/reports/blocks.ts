// The blocks of a template as its editor handles them.
import type { TemplateBlock } from '@/api/reports'

type Kind = TemplateBlock['kind']

const BLANK: { [K in Kind]: Extract<TemplateBlock, { kind: K }> } = {
  heading: { kind: 'heading', text: '' },
  text: { kind: 'text', title: '', text: '' },
  kpis: { kind: 'kpis', title: '', codes: [] },
  chart: { kind: 'chart', title: '', form: 'bar', codes: [], along: 'day', part: 'value' },
  table: { kind: 'table', title: '', codes: [], along: 'person' },
  topics: { kind: 'topics', title: '', most: 10 },
  notes: { kind: 'notes', title: '', text: '' },
  signatures: { kind: 'signatures', parties: ['supplier', 'purchaser'] },
}

/** An empty block of a kind. */
export const blank = (kind: Kind): TemplateBlock => structuredClone(BLANK[kind])

/** The blocks with one moved by a place; where there is none, as they were. */
export function moved<T>(blocks: readonly T[], at: number, by: -1 | 1): T[] {
  const to = at + by
  const next = [...blocks]
  if (to < 0 || to >= next.length) return next
  const [one] = next.splice(at, 1)
  next.splice(to, 0, one!)
  return next
}
