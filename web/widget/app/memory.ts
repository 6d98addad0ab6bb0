// What is remembered on this device: the visitor's token, words not yet sent. A browser may forbid it; then it lasts
// as long as the page.

export interface Memory {
  get(key: string): string | null
  set(key: string, value: string | null): void
  /** Whether it outlives the page. */
  lasting: boolean
}

type Kept = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>

export function memory(name: string, places: (() => Kept)[] = [() => localStorage, () => sessionStorage]): Memory {
  const own = new Map<string, string>()
  const store = works(name, places)
  return {
    lasting: store !== null,
    get(key) {
      try {
        return store?.getItem(`${name}.${key}`) ?? own.get(key) ?? null
      } catch {
        return own.get(key) ?? null
      }
    },
    set(key, value) {
      if (value === null) own.delete(key)
      else own.set(key, value)
      try {
        if (value === null) store?.removeItem(`${name}.${key}`)
        else store?.setItem(`${name}.${key}`, value)
      } catch {
        // Full or taken away meanwhile: the page's own copy serves.
      }
    },
  }
}

/** Reading the property may throw already. */
function works(name: string, places: (() => Kept)[]): Kept | null {
  for (const place of places) {
    try {
      const store = place()
      store.setItem(`${name}.?`, '1')
      store.removeItem(`${name}.?`)
      return store
    } catch {
      // the next one
    }
  }
  return null
}
