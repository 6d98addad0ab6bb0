import { ref } from 'vue'

/** The form asks with a key, the clock in the bar opens the question. */
export const extendOpen = ref(false)
