/** A refusal of the server (RFC 9457), or of the network on the way to it. */
export class Problem extends Error {
  readonly status: number
  readonly code: string
  readonly detail: string
  readonly field: string | undefined
  readonly wayOut: string | undefined
  readonly extra: Record<string, unknown>

  constructor(status: number, body: Record<string, unknown>) {
    const detail = String(body.detail ?? body.title ?? '')
    super(detail || String(body.code ?? status))
    this.name = 'Problem'
    this.status = status
    this.code = String(body.code ?? 'unexpected')
    this.detail = detail
    this.field = typeof body.field === 'string' ? body.field : undefined
    this.wayOut = typeof body.way_out === 'string' ? body.way_out : undefined
    this.extra = body
  }

  static unreachable(): Problem {
    return new Problem(0, { code: 'unreachable' })
  }
}

export function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error
  const detail = error instanceof Error ? error.message : String(error)
  return new Problem(0, { code: 'unexpected', detail })
}
