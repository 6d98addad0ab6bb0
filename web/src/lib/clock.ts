// Timers count from server times; a desktop clock that is wrong must not show wrong waits.
import { onScopeDispose, ref, type Ref } from 'vue'

let offset = 0

/** Takes the server's Date header (whole seconds); smaller differences are noise. */
export function observeServerTime(header: string | null): void {
  if (!header) return
  const seen = Date.parse(header)
  if (Number.isNaN(seen)) return
  const difference = seen + 500 - Date.now()
  offset = Math.abs(difference) > 2_000 ? difference : 0
}

/** Milliseconds since 1970 as the server would say. */
export function serverNow(): number {
  return Date.now() + offset
}

const tick = ref(serverNow())
let users = 0
let timer: ReturnType<typeof setInterval> | undefined

/** A clock for templates: moves once a second while somebody looks at it. */
export function useNow(): Readonly<Ref<number>> {
  users += 1
  tick.value = serverNow()
  timer ??= setInterval(() => (tick.value = serverNow()), 500)
  onScopeDispose(() => {
    users -= 1
    if (users === 0) {
      clearInterval(timer)
      timer = undefined
    }
  })
  return tick
}
