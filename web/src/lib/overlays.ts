import { ref } from 'vue'

/** What may lie over the page; opened from keys, menus and buttons alike. */
export const keysOpen = ref(false)
export const paletteOpen = ref(false)
/** A first report of an emergency; what was said in a call names its ticket. */
export const emergencyOpen = ref(false)
export const emergencyAbout = ref<string | null>(null)

const STEP_MS = 40
const MOST_STEPS = 25
/** Once no dialog lies over the page any more: until then it keeps, and gives back, the focus. */
export async function uncovered(): Promise<void> {
  for (let step = 0; step < MOST_STEPS && document.querySelector('.el-overlay:not([style*="display: none"])'); step++) {
    await new Promise((resolve) => setTimeout(resolve, STEP_MS))
  }
}
