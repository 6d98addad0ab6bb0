// When a report is drafted by itself, in words.
import type { ReportTemplate } from '@/api/reports'
import { t } from '@/i18n'

const two = (n: number): string => String(n).padStart(2, '0')

export function scheduleWord(period: string, schedule: ReportTemplate['schedule']): string {
  if (!schedule.enabled) return t('report_templates.by_hand')
  const at = `${two(schedule.hour)}:${two(schedule.minute)}`
  return period === 'daily' ? t('report_templates.each_workday', { at }) : t('report_templates.nth_workday', { n: schedule.workday, at })
}
