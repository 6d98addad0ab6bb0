// What may be sent, before it is sent; the server looks again, at the content.
import type { Config } from './types'

/** Shown as a picture; anything else is only ever offered for saving. */
const PICTURES = ['image/png', 'image/jpeg', 'image/gif', 'image/webp']
export const isPicture = (mediaType: string): boolean => PICTURES.includes(mediaType)

/** Types that a browser does not name, by the end of the name. */
const BY_NAME: Record<string, string> = {
  png: 'image/png', jpg: 'image/jpeg', jpeg: 'image/jpeg', gif: 'image/gif', webp: 'image/webp', pdf: 'application/pdf', txt: 'text/plain',
  doc: 'application/msword', docx: 'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
  xls: 'application/vnd.ms-excel', xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet', zip: 'application/zip',
}
export const endOf = (name: string): string => /\.([a-z0-9]{1,8})$/i.exec(name)?.[1]?.toLowerCase() ?? ''
export const typeOf = (file: { name: string; type: string }): string => file.type || BY_NAME[endOf(file.name)] || ''

/** Why it cannot be sent: a key of the words. */
export function refusalOf(file: { name: string; type: string; size: number }, config: Pick<Config, 'files' | 'most_file'>): 'file_empty' | 'file_large' | 'file_type' | null {
  if (file.size === 0) return 'file_empty'
  // Browsers name some types otherwise than anybody else; the end of the name then says as much.
  if (!config.files.includes(typeOf(file)) && !config.files.includes(BY_NAME[endOf(file.name)] ?? '')) return 'file_type'
  return file.size > config.most_file ? 'file_large' : null
}

/** What the picker offers. */
export const offered = (types: readonly string[]): string =>
  [...types, ...Object.keys(BY_NAME).filter((end) => types.includes(BY_NAME[end]!)).map((end) => `.${end}`)].join(',')

/** The kinds in words, as their ends: png, jpg, pdf. */
export function kindsOf(types: readonly string[]): string {
  const ends = Object.entries(BY_NAME).filter(([end, type]) => types.includes(type) && end !== 'jpeg').map(([end]) => end)
  return ends.join(', ')
}
