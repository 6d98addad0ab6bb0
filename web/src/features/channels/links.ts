/** Words and the addresses among them; only what the web serves becomes a link. */
export function parts(text: string): { text: string; link?: string }[] {
  const out: { text: string; link?: string }[] = []
  let at = 0
  for (const found of text.matchAll(/https?:\/\/[^\s<>"'，。；！？、）】」]+/gi)) {
    const address = found[0].replace(/[.,;:!?)]+$/, '')
    if (found.index > at) out.push({ text: text.slice(at, found.index) })
    out.push({ text: address, link: address })
    at = found.index + address.length
  }
  if (at < text.length) out.push({ text: text.slice(at) })
  return out
}
