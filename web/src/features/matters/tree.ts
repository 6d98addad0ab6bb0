// The matter tree as rows of a table.
import type { MatterFacts, MatterRow } from '@/api/types'

export interface MatterLine extends MatterRow {
  /** How far from the top. */
  depth: number
  /** Something in use stands below it. */
  branch: boolean
}

/** The rows with their depth; without those out of use unless they are asked for. They come from the top down. */
export function lines(rows: MatterRow[], all: boolean): MatterLine[] {
  const depths = new Map<string, number>()
  const above = new Set(rows.filter((row) => row.active).map((row) => row.parent))
  return rows
    .map((row) => {
      const depth = row.parent === null ? 0 : (depths.get(row.parent) ?? 0) + 1
      depths.set(row.code, depth)
      return { ...row, depth, branch: above.has(row.code) }
    })
    .filter((row) => all || row.active)
}

/** Lines whose code, name or pinyin has the words, with the branches they stand under. */
export function found(all: MatterLine[], query: string): MatterLine[] {
  const q = query.trim().toLowerCase()
  if (!q) return all
  const kept = new Set<string>()
  const parents = new Map(all.map((line) => [line.code, line.parent]))
  for (const line of all) {
    if (![line.code, line.name, line.shortcut].some((text) => text.toLowerCase().includes(q))) continue
    for (let code: string | null | undefined = line.code; code && !kept.has(code); code = parents.get(code)) kept.add(code)
  }
  return all.filter((line) => kept.has(line.code))
}

/** What a matter says, without its code and version. */
export const factsOf = ({ parent, name, shortcut, position, section, active }: MatterFacts): MatterFacts => ({ parent, name, shortcut, position, section, active })

/** What a new matter below `parent` begins with: the place after the last, the section of the branch. */
export function below(rows: MatterRow[], parent: MatterRow | null): MatterFacts {
  const beside = rows.filter((row) => row.parent === (parent?.code ?? null))
  return { parent: parent?.code ?? null, name: '', shortcut: '', position: Math.max(0, ...beside.map((row) => row.position)) + 1, section: parent?.section ?? null, active: true }
}
