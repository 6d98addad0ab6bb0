import { ref } from 'vue'

export type Theme = 'light' | 'dark' | 'system'

const KEY = 'shoujie.theme'
const darkSystem = matchMedia('(prefers-color-scheme: dark)')

export const theme = ref<Theme>(read())

function read(): Theme {
  const kept = localStorage.getItem(KEY)
  return kept === 'dark' || kept === 'light' ? kept : 'system'
}

export function applyTheme(): void {
  const dark = theme.value === 'dark' || (theme.value === 'system' && darkSystem.matches)
  document.documentElement.classList.toggle('dark', dark)
}

export function chooseTheme(next: Theme): void {
  theme.value = next
  localStorage.setItem(KEY, next)
  applyTheme()
}

darkSystem.addEventListener('change', applyTheme)
