// What stands of a trunk in words, its order, and what is sent of its form. Pure.
import type { Rewriting, Trunk, TrunkAnswer, TrunkRequest } from '@/api/trunks'

export type Standing = 'off' | 'up' | 'down' | 'unknown'
/** Who switched it off wants no alarm of it. */
export const standingOf = (trunk: Pick<Trunk, 'enabled' | 'now'>): Standing => (trunk.enabled ? trunk.now.health : 'off')
export const TONES: Record<Standing, string> = { off: '', up: 'green', down: 'red', unknown: 'amber' }

/** Why it is down, as a key of `trunks.reasons` or the SIP status itself; null where there is nothing to tell. */
export function reasonOf(trunk: Pick<Trunk, 'enabled' | 'kind' | 'now'>): { key: string; status: number | null } | null {
  if (standingOf(trunk) !== 'down') return null
  const { status, fault } = trunk.now
  // A refusal is told by its status below.
  if (fault && fault !== 'refused') return { key: fault, status }
  if (status === null) return { key: 'silent', status }
  if (trunk.kind === 'registration' && [401, 403, 407].includes(status)) return { key: 'secret_refused', status }
  if (status === 404 || status === 604) return { key: 'user_unknown', status }
  return { key: status === 408 || status >= 500 ? 'carrier_failing' : 'turned_away', status }
}

/** What came of asking by hand: any answer is a sign of life. */
export function answerWord({ status, latency_ms, fault }: Pick<TrunkAnswer, 'status' | 'latency_ms' | 'fault'>): { key: string; status: number | null; ms: number | null } {
  return { key: status === null ? `trunks.reasons.${fault ?? 'silent'}` : 'trunks.answer', status, ms: latency_ms }
}

/** The order in which a call tries them: what is down last, then by priority. Those of one priority share by weight. */
export function order(all: readonly Trunk[]): Trunk[] {
  const rank = (one: Trunk): number => ({ up: 0, unknown: 0, down: 1, off: 2 })[standingOf(one)]
  return [...all].sort((a, b) => rank(a) - rank(b) || a.priority - b.priority || b.weight - a.weight || a.name.localeCompare(b.name))
}

/** Its part of the calls of its priority, in percent; null where it stands alone or takes none. */
export function shareOf(one: Trunk, all: readonly Trunk[]): number | null {
  const beside = all.filter((other) => other.priority === one.priority && standingOf(other) !== 'off' && standingOf(other) !== 'down')
  if (beside.length < 2 || !beside.some((other) => other.id === one.id)) return null
  return Math.round((100 * one.weight) / beside.reduce((sum, other) => sum + other.weight, 0))
}

export interface TrunkForm extends Omit<TrunkRequest, 'caller_ids' | 'secret' | 'version' | 'auth_user' | 'rewrite_in' | 'rewrite_out' | 'most_calls'> {
  auth_user: string
  secret: string
  forget_secret: boolean
  caller_ids: string
  rewrite_in: Rewriting[]
  rewrite_out: Rewriting[]
  most_calls: number | null
}

const PORTS = { udp: 5060, tcp: 5060, tls: 5061 } as const
/** Who changes the transport changes the usual port with it, not one of his own. */
export const portFor = (transport: TrunkForm['transport'], before: TrunkForm['transport'], port: number): number => (port === PORTS[before] ? PORTS[transport] : port)

export function formOf(trunk: Trunk | null): TrunkForm {
  if (!trunk) {
    return {
      name: '', kind: 'registration', host: '', port: PORTS.udp, transport: 'udp', srtp: 'off', auth_user: '', secret: '', forget_secret: false, caller_ids: '', rewrite_in: [], rewrite_out: [],
      priority: 10, weight: 1, most_calls: null, options_s: 30, enabled: true,
    }
  }
  const { name, kind, host, port, transport, srtp, priority, weight, most_calls, options_s, enabled } = trunk
  const copied = (rules: Rewriting[]): Rewriting[] => rules.map((rule) => ({ ...rule }))
  return {
    name, kind, host, port, transport, srtp, priority, weight, most_calls, options_s, enabled, auth_user: trunk.auth_user ?? '', secret: '', forget_secret: false,
    caller_ids: trunk.caller_ids.join('\n'), rewrite_in: copied(trunk.rewrite_in), rewrite_out: copied(trunk.rewrite_out),
  }
}

/** Numbers as people paste them: a line each, or with commas between. */
export const numbersOf = (text: string): string[] => [...new Set(text.split(/[\s,，;；、]+/).filter(Boolean))]

/** A secret that is left empty stays; it goes only where somebody says so. */
export function requestOf({ secret, forget_secret, caller_ids, ...form }: TrunkForm, version: number | null): TrunkRequest {
  return {
    ...form, version, name: form.name.trim(), host: form.host.trim(), auth_user: form.auth_user.trim() || null,
    caller_ids: numbersOf(caller_ids), ...(secret ? { secret } : forget_secret ? { secret: '' } : {}),
  }
}

/** The field that is missing, in the order of the form. */
export function missing(form: TrunkForm, hasSecret: boolean): 'name' | 'host' | 'auth_user' | 'secret' | null {
  if (!form.name.trim()) return 'name'
  if (!form.host.trim()) return 'host'
  if (form.kind !== 'registration') return null
  if (!form.auth_user.trim()) return 'auth_user'
  return form.secret || (hasSecret && !form.forget_secret) ? null : 'secret'
}
