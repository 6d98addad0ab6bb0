import { ref } from 'vue'

/** What may lie over the page; opened from keys, menus and buttons alike. */
export const keysOpen = ref(false)
export const paletteOpen = ref(false)
