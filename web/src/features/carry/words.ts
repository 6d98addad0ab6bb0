import type { CarryRemark } from '@/api/carry'
import { has, t } from '@/i18n'

export const STATE_TONES: Record<string, string> = {
  running: 'blue', imported: 'green', refused: 'red', stopped: 'amber', requested: 'amber', done: 'green', rejected: 'red', failed: 'red',
}
export const RETURN_TONES: Record<string, string> = { offered: 'amber', received: 'blue', deleting: 'blue', deleted: 'blue', signed: 'amber', closed: 'green', withdrawn: '' }
/** The server's sentence is English; the code is in the reader's language. */
export function remarkWord(one: CarryRemark): string {
  for (const key of [`carry_remarks.${one.code}`, `import_remarks.${one.code}`, `problems.${one.code}`]) if (has(key)) return t(key)
  return one.detail
}
