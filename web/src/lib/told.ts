export type Patch<T> = (state: T) => T

/**
 * Puts what is told while an answer is under way on top of that answer. Answers and live events come by two ways, so an
 * answer may be older than an event that overtook it; every change is told, so what is told last holds.
 */
export function tellable<T>() {
  const asked = new Set<Patch<T>[]>()
  return {
    async ask(question: () => Promise<T>): Promise<T> {
      const told: Patch<T>[] = []
      asked.add(told)
      try {
        const answer = await question()
        return told.reduce<T>((state, patch) => patch(state), answer)
      } finally {
        asked.delete(told)
      }
    },
    tell(patch: Patch<T>): void {
      for (const told of asked) told.push(patch)
    },
  }
}
