import { t } from '@/i18n'
import { bytes } from '@/lib/format'

/** What the server takes at most; it looks again, and into the file. */
export const MOST_FILE = 20 * 1024 * 1024
export const MOST_FILES = 10
export const TAKEN = 'image/png,image/jpeg,image/gif,image/webp,application/pdf,audio/*,video/mp4,.doc,.docx,.xls,.xlsx,.txt,.zip'

/** Why a file cannot go; empty when it can. */
export function fileFault(file: File): string {
  if (file.size === 0) return t('chats.file_empty', { name: file.name })
  return file.size > MOST_FILE ? t('chats.file_large', { name: file.name, most: bytes(MOST_FILE) }) : ''
}
