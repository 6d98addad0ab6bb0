// What every chart does: it is fetched with the first one, and painted anew with its numbers, the theme and its size.
import { onBeforeUnmount, onMounted, watch, type Ref } from 'vue'
import { theme } from '@/lib/theme'

/** A token of `tokens.css` as it reads now. */
export type Token = (name: string) => string

/** Paints a chart into `box`; `option` says how, by what `numbers` reads. */
export function useChart(box: Readonly<Ref<HTMLElement | null>>, option: (token: Token) => object, numbers: () => unknown): void {
  let chart: { setOption(option: object, replace?: boolean): void; resize(): void; dispose(): void } | null = null
  let watcher: ResizeObserver | undefined

  function paint(): void {
    if (!chart || !box.value) return
    const style = getComputedStyle(box.value)
    const token: Token = (name) => style.getPropertyValue(name).trim()
    const base = {
      animation: false,
      textStyle: { fontFamily: token('--f-sans'), color: token('--c-ink') },
    }
    chart.setOption({ ...base, ...option(token) }, true)
  }

  onMounted(async () => {
    const { init } = await import('./echarts')
    if (!box.value) return
    chart = init(box.value)
    paint()
    watcher = new ResizeObserver(() => chart?.resize())
    watcher.observe(box.value)
  })
  onBeforeUnmount(() => {
    watcher?.disconnect()
    chart?.dispose()
  })
  watch([numbers, theme], paint, { deep: true, flush: 'post' })
}

/** The tip over a part of a chart. */
export const tip = (token: Token, trigger: 'item' | 'axis'): object => ({
  trigger, backgroundColor: token('--c-raised'), borderColor: token('--c-line'), textStyle: { color: token('--c-ink') },
})
