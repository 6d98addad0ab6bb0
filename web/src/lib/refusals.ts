// What a refusal names besides its code, in words: the items somebody lacks, how he stands, who can help.
import { has, listed, t } from '@/i18n'

interface Lacked { item: string; standing: string }
const isLacked = (one: unknown): one is Lacked => typeof one === 'object' && one !== null && 'item' in one && 'standing' in one
const word = (key: string): string => (has(key) ? t(key) : '')
/** Codes whose `state` is that of a staff file. */
const OF_STAFF = /^(staff_|not_on_post$|qualification_lapsed$|pass_by_purchaser$)/

/** The values of a sentence: what stands in the refusal, and where a word is meant, the word. */
export function valuesOf(code: string, extra: Record<string, unknown>): Record<string, unknown> {
  const values: Record<string, unknown> = { ...extra }
  const missing = (Array.isArray(extra.missing) ? extra.missing : []).filter(isLacked)
  values.lacks = missing.length
    ? t('staff.lacks', { items: listed(missing.map((one) => t('staff.item_so', { item: word(`qualification_items.${one.item}`), standing: word(`item_standings.${one.standing}`) }))) })
    : ''
  if (Array.isArray(extra.help)) values.help = listed(extra.help.map((role) => word(`roles.${String(role)}`)).filter(Boolean))
  if (OF_STAFF.test(code) && typeof extra.state === 'string') values.state = word(`staff_states.${extra.state}`)
  return values
}
