// Drawing the two lanes of a recording: left the requester, right the agent.

export interface Bar {
  x: number
  /** 0 to 1 */
  height: number
}

/** Peaks folded into as many bars as fit; the loudest of each step stays visible. */
export function fold(lane: readonly number[], bars: number): number[] {
  if (bars <= 0 || lane.length === 0) return []
  const out: number[] = []
  for (let i = 0; i < bars; i++) {
    const from = Math.floor((i * lane.length) / bars)
    const to = Math.max(from + 1, Math.floor(((i + 1) * lane.length) / bars))
    let peak = 0
    for (let j = from; j < to && j < lane.length; j++) peak = Math.max(peak, lane[j]!)
    out.push(peak / 255)
  }
  return out
}

export interface Look {
  lanes: [string, string]
  quiet: string
  line: string
}

const STEP = 3

export function draw(canvas: HTMLCanvasElement, lanes: readonly (readonly number[])[], played: number, look: Look): void {
  const ratio = window.devicePixelRatio || 1
  const { clientWidth: width, clientHeight: height } = canvas
  canvas.width = Math.round(width * ratio)
  canvas.height = Math.round(height * ratio)
  const pen = canvas.getContext('2d')
  if (!pen || width === 0) return
  pen.scale(ratio, ratio)
  pen.clearRect(0, 0, width, height)
  const laneHeight = height / 2
  const bars = Math.floor(width / STEP)
  const head = played * width
  for (const side of [0, 1] as const) {
    const middle = laneHeight * side + laneHeight / 2
    pen.fillStyle = look.line
    pen.fillRect(0, middle - 0.5, width, 1)
    fold(lanes[side] ?? [], bars).forEach((peak, i) => {
      // Speech sits low on a linear scale; the root makes quiet words visible.
      const tall = Math.max(1, Math.sqrt(peak) * (laneHeight - 8))
      pen.fillStyle = i * STEP <= head ? look.lanes[side] : look.quiet
      pen.fillRect(i * STEP, middle - tall / 2, STEP - 1, tall)
    })
  }
  pen.fillStyle = look.lanes[1]
  pen.fillRect(Math.min(head, width - 1), 0, 1.5, height)
}
