// What a host page loads before anybody opens the chat, and what the frame loads then: each at most 40 KB gzip. Nobody
// may add a byte that a visitor on a poor line waits for without being told here.
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'

const dist = fileURLToPath(new URL('../dist/', import.meta.url))
const KB = 1024
/** The loader is promised at 40 KB; it is kept far below. */
const BUDGETS = { 'widget.js': 4 * KB, 'widget/': 40 * KB }

const files = (path) => (statSync(path).isDirectory() ? readdirSync(path).flatMap((name) => files(join(path, name))) : [path])

let over = false
for (const [name, budget] of Object.entries(BUDGETS)) {
  let size
  try {
    size = files(join(dist, name)).reduce((sum, file) => sum + gzipSync(readFileSync(file), { level: 6 }).length, 0)
  } catch {
    console.error(`${name} was not built: npm run build`)
    process.exit(1)
  }
  const said = `${name}: ${(size / KB).toFixed(1)} KB gzip of ${budget / KB}`
  if (size > budget) {
    over = true
    console.error(`${said}: too large`)
  } else console.log(said)
}
// A content security policy of the host page or of our own does not allow it.
for (const file of [join(dist, 'widget.js'), ...files(join(dist, 'widget'))].filter((name) => name.endsWith('.js'))) {
  const found = /\beval\(|new Function\(|innerHTML|outerHTML|insertAdjacentHTML|document\.write/.exec(readFileSync(file, 'utf8'))
  if (found) {
    over = true
    console.error(`${file}: ${found[0]}`)
  }
}
if (over) process.exit(1)
