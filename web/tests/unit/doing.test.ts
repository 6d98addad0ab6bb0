import { beforeEach, describe, expect, it, vi } from 'vitest'
import { Problem } from '@/api/problem'

const told: string[] = []
vi.mock('element-plus', () => ({ ElMessage: ({ type, message }: { type: string; message: string }) => told.push(`${type}: ${message}`) }))

const { attempt, useDoing, useSending } = await import('@/lib/doing')
const { useResource } = await import('@/lib/resource')

const refusal = new Problem(422, { code: 'of_the_test', detail: 'The title is empty.', field: 'title' })
const refused = () => Promise.reject(refusal)
const taken = () => Promise.resolve('all')

beforeEach(() => void told.splice(0))

describe('an attempt', () => {
  it('says that it went through, or why it did not', async () => {
    expect(await attempt(taken, 'Saved')).toBe(true)
    expect(await attempt(refused, 'Saved')).toBe(false)
    expect(told).toEqual(['success: Saved', 'error: The title is empty.'])
  })
  it('that needs no word says none', async () => {
    await attempt(taken)
    expect(told).toEqual([])
  })
  it('shows that it runs, and which one, until its end', async () => {
    const { at, busy, run } = useDoing()
    for (const work of [taken, refused]) {
      const running = run(work, 'Linked', 'row 2')
      expect([busy.value, at.value]).toEqual([true, 'row 2'])
      await running
      expect([busy.value, at.value]).toEqual([false, ''])
    }
    void run(taken)
    expect(busy.value).toBe(true)
  })
})

describe('a form', () => {
  it('says its refusal at the field, and forgets it with the next try', async () => {
    const form = useSending()
    await form.send(refused)
    expect([form.busy.value, form.refusal.value, form.marked.value]).toEqual([false, 'The title is empty.', 'title'])
    expect([form.fault('title'), form.fault('body')]).toEqual(['The title is empty.', ''])
    const sending = form.send(taken)
    expect([form.busy.value, form.refusal.value, form.marked.value]).toEqual([true, '', null])
    await sending
    expect(told).toEqual([])
  })
  it('is sent once, however often it is asked', async () => {
    const form = useSending()
    const work = vi.fn(taken)
    await Promise.all([form.send(work), form.send(work)])
    expect(work).toHaveBeenCalledTimes(1)
  })
  it('keeps silent about what its page deals with', async () => {
    const form = useSending()
    await form.send(refused, async (error) => error === refusal)
    expect(form.refusal.value).toBe('')
    await form.send(refused, () => false)
    expect(form.refusal.value).toBe('The title is empty.')
  })
})

describe('a change of what is shown', () => {
  it('shows what came of it', async () => {
    const thing = useResource(async () => 1, false)
    await thing.change(async () => 2)
    expect(thing.data.value).toBe(2)
  })
  it('that came too late reads again and is refused', async () => {
    const thing = useResource(async () => 1, false)
    const late = new Problem(409, { code: 'stale_version' })
    await expect(thing.change(() => Promise.reject(late))).rejects.toBe(late)
    expect(thing.data.value).toBe(1)
    thing.data.value = 5
    await expect(thing.change(refused)).rejects.toBe(refusal)
    expect(thing.data.value).toBe(5)
  })
})
