/** Remarks by row, in the order of the file: a row is mended as a whole. */
export function byRow<T extends { row: number }>(remarks: T[]): [number, T[]][] {
  const rows = new Map<number, T[]>()
  for (const remark of remarks) rows.set(remark.row, [...(rows.get(remark.row) ?? []), remark])
  return [...rows].sort((a, b) => a[0] - b[0])
}
