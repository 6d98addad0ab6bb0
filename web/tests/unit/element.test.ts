import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createApp } from 'vue'
import { describe, expect, it } from 'vitest'
import { element } from '@/element'

const folder = 'src'

describe('the parts of Element Plus', () => {
  it('are there wherever a page uses one: the browser shows an unknown tag as bare text', () => {
    const app = createApp({})
    element(app)
    const pages = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.vue'))
    const used = new Set(pages.flatMap((name) => readFileSync(join(folder, name), 'utf8').match(/<el-[a-z-]+/g) ?? []))
    const names = [...used].map((tag) => tag.slice(1).replaceAll(/(?:^|-)([a-z])/g, (_, letter: string) => letter.toUpperCase()))
    expect(names.length).toBeGreaterThan(20)
    expect(names.filter((name) => !app.component(name))).toEqual([])
  })
})
