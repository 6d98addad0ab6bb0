import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import * as api from '@/api/notices'
import { asProblem, type Problem } from '@/api/problem'
import type { NoticeView } from '@/api/types'
import { serverNow } from '@/lib/clock'
import { attempt } from '@/lib/doing'

/** What only this screen knows: a state that was changed, an alarm. It goes with a reload. */
export interface Hint {
  id: number
  at: string
  /** i18n key below `notices` */
  kind: string
  values: Record<string, unknown>
  link: string | null
}

const KEPT = 50
const PAGE = 20

/** What may wait: everything that is neither a ringing call nor an emergency. */
export const useNotices = defineStore('notices', () => {
  /** What the server keeps for me, the unread first. */
  const told = shallowRef<NoticeView[]>([])
  const next = ref<string | null>(null)
  const toldUnread = ref(0)
  const urgent = ref(0)
  const problem = shallowRef<Problem | null>(null)
  const items = ref<Hint[]>([])
  const seen = ref(0)
  let last = 0
  let running = false

  const unread = computed(() => toldUnread.value + items.value.filter((n) => n.id > seen.value).length)

  function add(kind: string, values: Record<string, unknown> = {}, link: string | null = null): void {
    last += 1
    items.value = [{ id: last, at: new Date(serverNow()).toISOString(), kind, values, link }, ...items.value].slice(0, KEPT)
  }
  function readAll(): void {
    seen.value = last
  }
  function clear(): void {
    items.value = []
    told.value = []
    next.value = null
    toldUnread.value = urgent.value = 0
  }

  async function load(): Promise<void> {
    if (!running) return
    try {
      const [page, count] = await Promise.all([api.notices({ per_page: PAGE }), api.count()])
      told.value = page.items
      next.value = page.next
      toldUnread.value = count.unread
      urgent.value = count.urgent
      problem.value = null
    } catch (error) {
      problem.value = asProblem(error)
    }
  }
  async function more(): Promise<void> {
    if (!next.value) return
    await attempt(async () => {
      const page = await api.notices({ per_page: PAGE, cursor: next.value! })
      const known = new Set(told.value.map((n) => n.id))
      told.value = [...told.value, ...page.items.filter((n) => !known.has(n.id))]
      next.value = page.next
    })
  }
  async function read(notice: NoticeView): Promise<void> {
    if (notice.read_at) return
    await attempt(async () => {
      const after = (await api.read(notice.id)) as NoticeView
      told.value = told.value.map((n) => (n.id === after.id ? after : n))
      toldUnread.value = Math.max(0, toldUnread.value - 1)
    })
  }
  /** Marks what was seen here; what comes meanwhile stays unread. */
  async function readAllTold(): Promise<void> {
    const newest = told.value.reduce((at, n) => (n.at > at ? n.at : at), '')
    readAll()
    if (!newest) return
    await attempt(async () => {
      await api.readAll(newest)
      await load()
    })
  }

  function start(): void {
    running = true
    void load()
  }
  function stop(): void {
    running = false
    clear()
  }

  return { told, next, problem, urgent, items, unread, seen, add, read, readAll, readAllTold, load, more, clear, start, stop }
})
