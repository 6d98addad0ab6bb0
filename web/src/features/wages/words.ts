// Words and tones of wages.
import { t } from '@/i18n'
import type { PayFinding } from '@/api/wages'
import { yuan } from '@/features/personnel/words'

export const MONTH_TONES: Record<string, string> = { open: 'amber', submitted: 'violet', confirmed: 'green' }
export const QUOTATION_TONES: Record<string, string> = { sound: 'green', below_floor: 'red' }

/** Hours of minutes: 90 → 1.5. */
export const hours = (minutes: number): string => String(Math.round((minutes / 60) * 100) / 100)

/** What is wrong with pay in one sentence, with its figures where they are shown. */
export function findingText(finding: PayFinding): string {
  const fault = t(`pay_faults.${finding.fault}`)
  const what = finding.class ? t('wages.fault_of', { fault, class: t(`pay_classes.${finding.class}`) }) : fault
  if (finding.due_fen !== null && finding.paid_fen !== null) {
    return t('wages.finding', { what, due: yuan(finding.due_fen), paid: yuan(finding.paid_fen), short: yuan(Math.abs(finding.due_fen - finding.paid_fen)) })
  }
  return what
}
