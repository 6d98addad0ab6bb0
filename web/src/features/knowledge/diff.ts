// What a draft changes: lines against lines, and inside a changed line characters against characters.

export type Op = 'equal' | 'insert' | 'delete'
export interface Segment { op: Op; text: string }
export interface DiffLine { op: Op; segments: Segment[] }
export interface DiffField { field: string; changed: boolean; lines: DiffLine[] }

/** Beyond this many comparisons a change is shown as a whole: it is drawn at each key. */
const MOST = 400_000

/** The steps from one row of things to the other, by the longest they have in common. */
function steps<T>(from: readonly T[], to: readonly T[]): { op: Op; value: T }[] {
  let head = 0
  while (head < from.length && head < to.length && from[head] === to[head]) head += 1
  let tail = 0
  while (tail < from.length - head && tail < to.length - head && from[from.length - 1 - tail] === to[to.length - 1 - tail]) tail += 1
  const a = from.slice(head, from.length - tail)
  const b = to.slice(head, to.length - tail)
  const same = (values: readonly T[]) => values.map((value) => ({ op: 'equal' as Op, value }))
  return [...same(from.slice(0, head)), ...middle(a, b), ...same(from.slice(from.length - tail))]
}

function middle<T>(a: readonly T[], b: readonly T[]): { op: Op; value: T }[] {
  const gone = a.map((value) => ({ op: 'delete' as Op, value }))
  const come = b.map((value) => ({ op: 'insert' as Op, value }))
  if (a.length * b.length > MOST || a.length === 0 || b.length === 0) return [...gone, ...come]
  const width = b.length + 1
  const common = new Uint16Array((a.length + 1) * width)
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      common[i * width + j] = a[i] === b[j] ? common[(i + 1) * width + j + 1]! + 1 : Math.max(common[(i + 1) * width + j]!, common[i * width + j + 1]!)
    }
  }
  const found: { op: Op; value: T }[] = []
  let i = 0
  let j = 0
  while (i < a.length && j < b.length) {
    if (a[i] === b[j]) {
      found.push({ op: 'equal', value: a[i]! })
      i += 1
      j += 1
    } else if (common[(i + 1) * width + j]! >= common[i * width + j + 1]!) found.push({ op: 'delete', value: a[i++]! })
    else found.push({ op: 'insert', value: b[j++]! })
  }
  return [...found, ...gone.slice(i), ...come.slice(j)]
}

/** Characters of one line against another; runs of the same kind stand together. */
export function characters(from: string, to: string): Segment[] {
  const found: Segment[] = []
  for (const { op, value } of steps([...from], [...to])) {
    const last = found.at(-1)
    if (last?.op === op) last.text += value
    else found.push({ op, text: value })
  }
  return found
}

const without = (segments: Segment[], op: Op): Segment[] => segments.filter((one) => one.op !== op)
const shared = (segments: Segment[]): number => segments.reduce((n, one) => n + (one.op === 'equal' ? one.text.length : 0), 0)

export function diffText(from: string, to: string): DiffLine[] {
  const split = (text: string) => (text === '' ? [] : text.split('\n'))
  const found = steps(split(from), split(to))
  const lines: DiffLine[] = []
  for (let i = 0; i < found.length;) {
    if (found[i]!.op === 'equal') {
      lines.push({ op: 'equal', segments: [{ op: 'equal', text: found[i]!.value }] })
      i += 1
      continue
    }
    // A block of changed lines: those that follow each other are paired, old with new.
    let end = i
    while (end < found.length && found[end]!.op !== 'equal') end += 1
    const block = found.slice(i, end)
    const gone = block.filter((one) => one.op === 'delete').map((one) => one.value)
    const come = block.filter((one) => one.op === 'insert').map((one) => one.value)
    const pairs = Array.from({ length: Math.max(gone.length, come.length) }, (_, k) => {
      const [a, b] = [gone[k], come[k]]
      if (a === undefined) return { gone: null, come: [{ op: 'insert' as Op, text: b! }] }
      if (b === undefined) return { gone: [{ op: 'delete' as Op, text: a }], come: null }
      const both = characters(a, b)
      // Lines that have little in common read better whole.
      if (shared(both) * 4 < Math.max(a.length, b.length)) return { gone: [{ op: 'delete' as Op, text: a }], come: [{ op: 'insert' as Op, text: b }] }
      return { gone: without(both, 'insert'), come: without(both, 'delete') }
    })
    for (const { gone: segments } of pairs) if (segments) lines.push({ op: 'delete', segments })
    for (const { come: segments } of pairs) if (segments) lines.push({ op: 'insert', segments })
    i = end
  }
  return lines
}

export function diffField(field: string, from: string, to: string, whole = false): DiffField {
  if (!whole || from === to) return { field, changed: from !== to, lines: diffText(from, to) }
  const line = (op: Op, text: string): DiffLine[] => (text ? [{ op, segments: [{ op, text }] }] : [])
  return { field, changed: true, lines: [...line('delete', from), ...line('insert', to)] }
}
