// Elements by hand. Text goes in as text, never as markup; nothing here parses HTML.

type Child = Node | string | null | false | undefined
type Value = string | number | boolean | null | undefined | ((event: never) => void)

export function h<K extends keyof HTMLElementTagNameMap>(tag: K, properties: Record<string, Value> = {}, ...children: Child[]): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(properties)) {
    if (typeof value === 'function') element.addEventListener(name, value as EventListener)
    else if (value === true) element.setAttribute(name, '')
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, String(value))
  }
  element.append(...children.filter((child): child is Node | string => !!child))
  return element
}

const PATHS = {
  close: 'M6 6l12 12M18 6L6 18',
  send: 'M4 12l16-7-6 15-3-6z',
  attach: 'M20 11.5l-8 8a5 5 0 0 1-7-7l8.5-8.5a3.3 3.3 0 0 1 4.7 4.7L9.8 17a1.7 1.7 0 0 1-2.4-2.4l7.6-7.6',
  down: 'M6 9.5l6 6 6-6',
  file: 'M6 3h8l4 4v14H6zM14 3v4h4',
  done: 'M5 12.5l4.5 4.5L19 7.5',
}
export type Icon = keyof typeof PATHS

export function icon(name: Icon, size = 20): SVGElement {
  const ns = 'http://www.w3.org/2000/svg'
  const svg = document.createElementNS(ns, 'svg')
  const attributes = { viewBox: '0 0 24 24', width: size, height: size, fill: 'none', stroke: 'currentColor', 'stroke-width': 1.8, 'stroke-linecap': 'round', 'stroke-linejoin': 'round', 'aria-hidden': 'true', focusable: 'false' }
  for (const [attribute, value] of Object.entries(attributes)) svg.setAttribute(attribute, String(value))
  const path = document.createElementNS(ns, 'path')
  path.setAttribute('d', PATHS[name])
  svg.append(path)
  return svg
}

/** Sets the text only when it is another, so that a screen reader is not told again. */
export function say(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text
}
