import { ElMessageBox } from 'element-plus'
import { reveal } from '@/api/requesters'
import type { Id } from '@/api/types'
import { t } from '@/i18n'
import { attempt } from '@/lib/doing'

/** Asks why, and shows one value in the clear; null when it was not shown. */
export async function askReveal(id: Id, value: Parameters<typeof reveal>[1]): Promise<string | null> {
  const asked = await ElMessageBox.prompt(t('requesters.reveal_why'), t('requesters.reveal'), {
    confirmButtonText: t('requesters.reveal'), cancelButtonText: t('common.cancel'),
    inputPlaceholder: t('requesters.reveal_hint'), inputValidator: (text) => (text ?? '').trim().length >= 2 || t('requesters.reveal_short'),
  }).catch(() => null)
  if (!asked) return null
  let shown: string | null = null
  await attempt(async () => {
    shown = (await reveal(id, value, asked.value.trim())).value
  })
  return shown
}
