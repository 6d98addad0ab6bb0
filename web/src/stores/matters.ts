import { defineStore } from 'pinia'
import { computed, shallowRef } from 'vue'
import { matters as fetchMatters } from '@/api/tickets'
import type { Matter } from '@/api/types'
import { throttled, useLive } from './live'

export interface Leaf {
  code: string
  name: string
  group: string
  shortcut: string
}

function rank(leaf: Leaf, q: string): number {
  if (leaf.code === q || leaf.shortcut === q || leaf.name === q) return 0
  if (leaf.code.startsWith(q) || leaf.name.startsWith(q)) return 1
  if (leaf.shortcut.startsWith(q)) return 2
  if (leaf.name.includes(q) || leaf.shortcut.includes(q)) return 3
  return leaf.group.includes(q) ? 4 : 9
}

/** A picker that opens later than this after the last reading looks whether the tree was edited. */
const FRESH_MS = 60_000

/** The matter tree; its leaves are what a request is filed under. It follows what others edit. */
export const useMatters = defineStore('matters', () => {
  const tree = shallowRef<Matter[]>([])
  let asked: Promise<void> | null = null
  let readAt = 0
  let turn = 0
  let shown = 0

  /** Of two readings under way the later one counts, unless it fails. */
  async function load(): Promise<void> {
    const mine = ++turn
    const found = await fetchMatters()
    if (mine < shown) return
    shown = mine
    tree.value = found.items
    readAt = Date.now()
  }
  function ready(): Promise<void> {
    asked ??= load().catch((error) => {
      asked = null
      throw error
    })
    if (readAt && Date.now() - readAt > FRESH_MS) refresh()
    return asked
  }
  /** Reads again what somebody reads already; what stands stays until the new tree is there. */
  function refresh(): void {
    if (asked) void load().catch(() => {})
  }
  useLive().on(['matter', 'reset'], throttled(refresh, 1_000))

  const leaves = computed<Leaf[]>(() => {
    const found: Leaf[] = []
    const walk = (nodes: Matter[], group: string): void => {
      for (const node of nodes) {
        if (node.children.length > 0) walk(node.children, node.name)
        else found.push({ code: node.code, name: node.name, group, shortcut: node.shortcut })
      }
    }
    walk(tree.value, '')
    return found
  })

  const byCode = computed(() => new Map(leaves.value.map((leaf) => [leaf.code, leaf])))

  function nameOf(code: string | null | undefined): string {
    if (!code) return '—'
    const leaf = byCode.value.get(code)
    if (leaf) return leaf.group ? `${leaf.group} · ${leaf.name}` : leaf.name
    // No code flashes up before the names are there.
    return tree.value.length || !asked ? code : '…'
  }

  /** Leaves by characters, code or pinyin initials; the nearest first. */
  function search(query: string): Leaf[] {
    const q = query.trim().toLowerCase()
    if (!q) return leaves.value
    return leaves.value
      .map((leaf) => [rank(leaf, q), leaf] as const)
      .filter(([place]) => place < 9)
      .sort((a, b) => a[0] - b[0])
      .map(([, leaf]) => leaf)
  }

  return { tree, leaves, ready, refresh, nameOf, search }
})
