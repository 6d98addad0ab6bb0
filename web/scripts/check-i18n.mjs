// Every key that the console asks for exists in both languages, and both know the same keys.
// Keys with a variable part (`states.${x}`) need at least one entry below their fixed part.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const src = fileURLToPath(new URL('../src/', import.meta.url))

export function messages(language) {
  const folder = join(src, 'i18n', language)
  const keys = new Map()
  const walk = (node, path) => {
    if (typeof node === 'string') return keys.set(path, node)
    for (const [name, below] of Object.entries(node)) walk(below, `${path}.${name}`)
  }
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.json'))) {
    for (const [name, node] of Object.entries(JSON.parse(readFileSync(join(folder, file), 'utf8')))) walk(node, name)
  }
  return keys
}

/** First parts of keys that stand in two files of a language: the later file would take the words of the earlier away. */
export function taken(language) {
  const folder = join(src, 'i18n', language)
  const by = new Map()
  const found = []
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.json'))) {
    for (const name of Object.keys(JSON.parse(readFileSync(join(folder, file), 'utf8')))) {
      if (by.has(name)) found.push(`${language}: ${name} stands in ${by.get(name)} and in ${file}`)
      by.set(name, file)
    }
  }
  return found
}

function sources(folder = src) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return sources(path)
    return /\.(vue|ts)$/.test(entry.name) ? [path] : []
  })
}

export function used() {
  const fixed = new Map()
  const prefixes = new Map()
  for (const path of sources()) {
    const text = readFileSync(path, 'utf8')
    const where = path.slice(src.length)
    // Calls of t, $t and has, with a literal, a template or a choice between literals.
    for (const call of text.matchAll(/(?:\$t|\bt|\bhas)\(((?:[^()]|\((?:[^()]|\([^()]*\))*\))*)\)/g)) {
      for (const [, key] of call[1].matchAll(/'([a-z_]+(?:\.[a-z0-9_-]+)+)'/gi)) fixed.set(key, where)
      for (const [, prefix] of call[1].matchAll(/`([a-z_]+\.[a-z0-9_.]*)\$\{/gi)) prefixes.set(prefix, where)
    }
    // Keys that travel as data.
    for (const [, key] of text.matchAll(/(?:title: |, )'(pages\.[a-z_]+)'/g)) fixed.set(key, where)
  }
  return { fixed, prefixes }
}

export function faults() {
  const zh = messages('zh-CN')
  const en = messages('en')
  const { fixed, prefixes } = used()
  const found = [...taken('zh-CN'), ...taken('en')]
  for (const key of zh.keys()) if (!en.has(key)) found.push(`en lacks ${key}`)
  for (const key of en.keys()) if (!zh.has(key)) found.push(`zh-CN lacks ${key}`)
  for (const [key, where] of fixed) if (!zh.has(key)) found.push(`${where} asks for ${key}`)
  for (const [prefix, where] of prefixes) {
    if (![...zh.keys()].some((key) => key.startsWith(prefix))) found.push(`${where} asks for ${prefix}…`)
  }
  // Once each: a plural names its value in every form.
  const holes = (text) => [...new Set([...text.matchAll(/\{(\w+)\}/g)].map((m) => m[1]))].sort().join()
  for (const [key, text] of zh) {
    if (en.has(key) && holes(text) !== holes(en.get(key))) found.push(`${key}: the two languages name other values`)
    if (/[!！]/.test(text)) found.push(`${key}: no exclamation marks`)
  }
  for (const [key, text] of en) if (/[一-鿿]/.test(text)) found.push(`en ${key} holds Chinese`)
  return found
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (process.argv.includes('--used')) {
    const { fixed, prefixes } = used()
    console.log([...fixed.keys()].sort().join('\n'))
    console.log([...prefixes.keys()].sort().map((p) => `${p}*`).join('\n'))
  } else {
    const found = faults()
    for (const fault of found) console.error(fault)
    if (found.length > 0) process.exit(1)
    console.log(`i18n: ${messages('zh-CN').size} keys in both languages`)
  }
}
