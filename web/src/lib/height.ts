// The height of something on the screen as a measure of the style sheets.
import { onScopeDispose, watch, type Ref } from 'vue'

/** Keeps the custom property `name` at the height of `element`, at 0 while it is not there. */
export function useHeightAs(name: string, element: Readonly<Ref<HTMLElement | null>>): void {
  const set = (height: number): void => document.documentElement.style.setProperty(name, `${height}px`)
  const observer = new ResizeObserver(() => set(element.value?.offsetHeight ?? 0))
  watch(element, (now, before) => {
    if (before) observer.unobserve(before)
    if (now) observer.observe(now)
    else set(0)
  })
  onScopeDispose(() => {
    observer.disconnect()
    set(0)
  })
}
