// When a number on the wall asks for something to be done.

export type Level = 'good' | 'watch' | 'act' | 'plain'

/** GB/T 33358 and the contract: 95 % within 15 seconds; a wait beyond half a minute is on its way out. */
export const levelOf = {
  waiting(waiting: number, longestS: number): Level {
    if (waiting === 0) return 'good'
    if (longestS >= 60 || waiting >= 6) return 'act'
    return longestS >= 15 || waiting >= 3 ? 'watch' : 'good'
  },
  answered(basisPoints: number | null): Level {
    if (basisPoints === null) return 'plain'
    if (basisPoints >= 9_500) return 'good'
    return basisPoints >= 8_500 ? 'watch' : 'act'
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
