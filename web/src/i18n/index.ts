// zh-CN is there from the start; English is fetched when it is chosen.
import { createI18n } from 'vue-i18n'
import zh from './zh-CN'

export const LANGUAGES = ['zh-CN', 'en'] as const
export type Language = (typeof LANGUAGES)[number]

const KEY = 'shoujie.language'

export const i18n = createI18n<false>({
  legacy: false,
  locale: 'zh-CN',
  fallbackLocale: 'zh-CN',
  messages: { 'zh-CN': zh } as never,
  missingWarn: import.meta.env.DEV,
  fallbackWarn: false,
})

/** Words outside of a component. */
export const t = (key: string, values: Record<string, unknown> = {}): string => i18n.global.t(key, values)
export const has = (key: string): boolean => i18n.global.te(key) || i18n.global.te(key, 'zh-CN')

/** Words, phrases, or a name and what it stands for, parted by the signs of the language. */
export const listed = (words: readonly string[]): string => words.join(t('punctuation.item'))
export const phrased = (phrases: readonly string[]): string => phrases.join(t('punctuation.phrase'))
export const named = (name: string, what: string): string => `${name}${t('punctuation.colon')}${what}`

export function chosenLanguage(): Language {
  return localStorage.getItem(KEY) === 'en' ? 'en' : 'zh-CN'
}

export async function useLanguage(language: Language): Promise<void> {
  if (language === 'en' && !i18n.global.availableLocales.includes('en' as never)) {
    i18n.global.setLocaleMessage('en', (await import('./en')).default as never)
  }
  i18n.global.locale.value = language
  document.documentElement.lang = language
  localStorage.setItem(KEY, language)
}
