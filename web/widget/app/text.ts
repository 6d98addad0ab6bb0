// How what others wrote is shown: addresses can be followed, signs that turn the line around are taken out.

export type Piece = { text: string; href: string | null }

/** ASCII only: after an address in a Chinese sentence the sentence goes on without a space. */
const ADDRESS = /https?:\/\/[\x21\x23-\x26\x28-\x3b\x3d\x3f-\x7e]+/gi
const TRAILING = /[.,;:!?'")\]}*_]+$/

export function pieces(text: string): Piece[] {
  const out: Piece[] = []
  let from = 0
  for (const match of text.matchAll(ADDRESS)) {
    let found = match[0].replace(TRAILING, '')
    // A closing bracket that was opened inside belongs to it.
    while ((match[0][found.length] === ')') && count(found, '(') > count(found, ')')) found += ')'
    if (!safe(found)) continue
    if (match.index > from) out.push({ text: text.slice(from, match.index), href: null })
    out.push({ text: found, href: found })
    from = match.index + found.length
  }
  if (from < text.length) out.push({ text: text.slice(from), href: null })
  return out
}

const count = (text: string, sign: string): number => text.split(sign).length - 1

/** A web address that shows where it leads: `https://bank.example@evil.example` does not. */
function safe(address: string): boolean {
  try {
    const url = new URL(address)
    return (url.protocol === 'http:' || url.protocol === 'https:') && !url.username && !url.password && url.hostname !== ''
  } catch {
    return false
  }
}

/** Without signs that reverse the line: `photo<RLO>gpj.exe` reads as a picture. */
export function plainName(name: string): string {
  // eslint-disable-next-line no-control-regex
  return name.replace(/[\u0000-\u001f\u007f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '').trim() || 'file'
}
