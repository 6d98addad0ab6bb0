// Quick search of Chinese words by the first letters of their pinyin, without a table:
// the browser's pinyin collation tells between which boundary characters a character falls.

const LETTERS = 'ABCDEFGHJKLMNOPQRSTWXYZ'
const FIRST = '阿八嚓哒妸发旮哈讥咔垃妈拏噢妑七呥仨他穵夕丫帀'
const collator = new Intl.Collator('zh-Hans-CN-u-co-pinyin')
const known = new Map<string, string>()

function initial(char: string): string {
  if (!/[一-鿿]/.test(char)) return /[a-z0-9]/i.test(char) ? char.toLowerCase() : ''
  const found = known.get(char)
  if (found !== undefined) return found
  let letter = ''
  for (let i = FIRST.length - 1; i >= 0; i--) {
    if (collator.compare(char, FIRST[i]!) >= 0) {
      letter = LETTERS[i]!.toLowerCase()
      break
    }
  }
  known.set(char, letter)
  return letter
}

/** 报名条件 → bmtj; letters and digits stay, everything else falls away. */
export function initials(text: string): string {
  let out = ''
  for (const char of text) out += initial(char)
  return out
}

/** True when a word matches by its characters, by its code or by its initials. */
export function matches(query: string, text: string, code = ''): boolean {
  const q = query.trim().toLowerCase()
  if (q === '') return true
  if (text.toLowerCase().includes(q) || code.toLowerCase().startsWith(q)) return true
  return /^[a-z0-9]+$/.test(q) && initials(text).includes(q)
}
