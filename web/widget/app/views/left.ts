// After a message was left: its number, and until when it is answered.
import { h, icon, say } from '../dom'
import { link, type Frame } from '../frame'
import { shortTime } from '../format'
import type { Receipt } from '../types'

export function leftView(frame: Frame, receipt: Receipt, again: () => void): HTMLElement {
  const { words } = frame
  const number = h('output', { class: 'number', id: 'number' }, receipt.number)
  const told = h('span', { class: 'quiet', role: 'status' })
  const copy = h('button', { type: 'button', class: 'second', click: () => void copied() }, words.copy)
  async function copied(): Promise<void> {
    try {
      await navigator.clipboard.writeText(receipt.number)
      say(told, words.copied)
    } catch {
      // A frame may not be allowed to: select it, and the old way.
      const range = document.createRange()
      range.selectNodeContents(number)
      getSelection()?.removeAllRanges()
      getSelection()?.addRange(range)
      say(told, document.execCommand('copy') ? words.copied : words.copy_by_hand)
    }
  }
  return h('div', { class: 'page' },
    h('div', { class: 'card done' }, icon('done', 26), h('h2', {}, words.left_title)),
    h('dl', { class: 'card' },
      h('dt', {}, words.left_number), h('dd', {}, number),
      receipt.due_at ? h('dt', {}, words.left_due) : null,
      receipt.due_at ? h('dd', {}, frame.say('left_by', { at: shortTime(receipt.due_at) })) : null),
    h('div', { class: 'row' }, copy, told),
    h('p', { class: 'quiet' }, words.left_what),
    h('p', { class: 'links' },
      link(`/status?number=${encodeURIComponent(receipt.number)}`, words.status),
      h('button', { type: 'button', class: 'link', click: again }, words.left_more)))
}
