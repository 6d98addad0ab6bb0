// When a number on the wall asks for something to be done.

export type Level = 'good' | 'watch' | 'act' | 'plain'

/** Basis points below the target that are watched before they ask for something to be done. */
const NEAR = 1_000

/** A wait of a minute, or of many at once, asks for help; the 15 秒接通率 (K-02) is held against its target. */
export const levelOf = {
  waiting(waiting: number, longestS: number): Level {
    if (waiting === 0) return 'good'
    if (longestS >= 60 || waiting >= 6) return 'act'
    return longestS >= 15 || waiting >= 3 ? 'watch' : 'good'
  },
  answered(basisPoints?: number | null, target?: number | null): Level {
    if (basisPoints == null || target == null) return 'plain'
    if (basisPoints >= target) return 'good'
    return basisPoints >= target - NEAR ? 'watch' : 'act'
  },
  onPost(onPost: number, expected: number): Level {
    if (onPost >= expected) return 'good'
    return expected - onPost === 1 ? 'watch' : 'act'
  },
  callbacks(due: number): Level {
    if (due === 0) return 'good'
    return due > 3 ? 'act' : 'watch'
  },
}
