// Days and changes of a plan in words.
import { t } from '@/i18n'
import { shortDay } from '@/lib/format'
import type { Change, Days } from './plan'

/** 11-26 至 11-30, 11-26 起, or one day. */
export function daysWord({ from_day, to_day }: Days): string {
  const from = shortDay(from_day)
  if (to_day === null) return t('duty.since', { from })
  return to_day === from_day ? from : t('duty.between', { from, to: shortDay(to_day) })
}

export function changeWord(change: Change, nameOf: (id: string) => string): string {
  const role = change.what === 'absence' ? t('duty.absence') : t(change.deputy ? 'duty.deputy' : 'duty.member')
  return `${t(`duty_changes.${change.sign}`)} ${nameOf(change.user_id)} ${role} ${daysWord(change.days)}`
}
