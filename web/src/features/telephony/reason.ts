import { ElMessageBox } from 'element-plus'
import { t } from '@/i18n'

/** Asks why; null when somebody thought better of it. */
export async function askReason(title: string, verb: string, told = ''): Promise<string | null> {
  const asked = await ElMessageBox.prompt(`${told}${t('recording.why')}`, title, {
    confirmButtonText: verb, cancelButtonText: t('common.cancel'), inputPlaceholder: t('recording.why_hint'),
    inputValidator: (text) => { const many = (text ?? '').trim().length; return (many >= 2 && many <= 200) || t('recording.why_short') },
  }).catch(() => null)
  return asked ? asked.value.trim() : null
}

/** Lets the browser store what an address answers. */
export function download(address: string): void {
  const link = document.createElement('a')
  link.href = address
  link.download = ''
  link.click()
}
