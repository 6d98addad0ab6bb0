import { ElMessageBox } from 'element-plus'
import { renameRequester } from '@/api/requesters'
import type { Requester } from '@/api/types'
import { t } from '@/i18n'
import { attempt } from '@/lib/doing'

/** Asks for the name that the requester gave and notes it; false when nothing was noted. */
export async function noteName(requester: Requester): Promise<boolean> {
  const asked = await ElMessageBox.prompt(t('requesters.rename_what'), t('requesters.rename'), {
    confirmButtonText: t('common.save'), cancelButtonText: t('common.cancel'),
    inputValidator: (text) => /^.{1,50}$/u.test((text ?? '').trim()) || t('requesters.rename_what'),
  }).catch(() => null)
  if (!asked) return false
  await attempt(() => renameRequester(requester.id, requester.version, asked.value.trim()), t('common.saved'))
  return true
}
