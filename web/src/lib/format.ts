// How numbers and times read, the same on every page: durations 3:07, dates 11-23 14:05.

let zone = 'Asia/Shanghai'

/** All times are shown in the service's zone, whatever the desktop is set to. */
export function setTimeZone(name: string): void {
  zone = name
  cache.clear()
}

const cache = new Map<string, Intl.DateTimeFormat>()

function formatter(key: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  let f = cache.get(key)
  if (!f) {
    f = new Intl.DateTimeFormat('en-CA', { timeZone: zone, hourCycle: 'h23', ...options })
    cache.set(key, f)
  }
  return f
}

const FULL: Intl.DateTimeFormatOptions = {
  year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit',
}

function parts(at: string | number | Date): Record<string, string> {
  const out: Record<string, string> = {}
  for (const p of formatter('full', FULL).formatToParts(new Date(at))) out[p.type] = p.value
  return out
}

type Instant = string | number | Date | null | undefined

function valid(at: Instant): at is string | number | Date {
  return at !== null && at !== undefined && at !== '' && !Number.isNaN(new Date(at).getTime())
}

/** Seconds as 3:07, or 1:02:09 from one hour on; never negative. */
export function duration(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined || Number.isNaN(seconds)) return '—'
  const whole = Math.max(0, Math.floor(seconds))
  const s = String(whole % 60).padStart(2, '0')
  const minutes = Math.floor(whole / 60)
  if (minutes < 60) return `${minutes}:${s}`
  return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, '0')}:${s}`
}

/** 11-23 14:05, with the year in front when it is not the current one. */
export function shortTime(at: Instant, now: number = Date.now()): string {
  if (!valid(at)) return '—'
  const p = parts(at)
  const year = p.year === parts(now).year ? '' : `${p.year}-`
  return `${year}${p.month}-${p.day} ${p.hour}:${p.minute}`
}

/** 2026-11-23 14:05:33, for the hover. */
export function fullTime(at: Instant): string {
  if (!valid(at)) return '—'
  const p = parts(at)
  return `${p.year}-${p.month}-${p.day} ${p.hour}:${p.minute}:${p.second}`
}

/** 14:05:33 */
export function clockTime(at: Instant, seconds = true): string {
  if (!valid(at)) return '—'
  const p = parts(at)
  return seconds ? `${p.hour}:${p.minute}:${p.second}` : `${p.hour}:${p.minute}`
}

/** The calendar day of an instant in the service's zone, 2026-11-23. */
export function day(at: Instant): string {
  if (!valid(at)) return ''
  const p = parts(at)
  return `${p.year}-${p.month}-${p.day}`
}

/** A calendar day as 11-23, with the year in front when it is not the current one. */
export function shortDay(date: string, now: number = Date.now()): string {
  return date.slice(0, 4) === day(now).slice(0, 4) ? date.slice(5) : date
}

/** Midnight that begins (or, with `next`, ends) a day of the service's zone, as RFC 3339. */
export function dayStart(date: string, next = false): string {
  const noon = Date.parse(`${date}T12:00:00Z`) + (next ? 86_400_000 : 0)
  const target = new Date(noon).toISOString().slice(0, 10)
  let guess = Date.parse(`${target}T00:00:00Z`)
  // The offset of the zone, found by asking what the guess reads there.
  for (let i = 0; i < 2; i++) {
    const p = parts(guess)
    const reads = Date.parse(`${p.year}-${p.month}-${p.day}T${p.hour}:${p.minute}:${p.second}Z`)
    guess += Date.parse(`${target}T00:00:00Z`) - reads
  }
  return new Date(guess).toISOString()
}

/** Basis points as a percentage with one place: 9530 → 95.3%. */
export function percent(basisPoints: number | null | undefined): string {
  if (basisPoints === null || basisPoints === undefined) return '—'
  return `${(basisPoints / 100).toFixed(1)}%`
}

/** 1234567 → 1,234,567 */
export function count(n: number | null | undefined): string {
  return n === null || n === undefined ? '—' : n.toLocaleString('en-US')
}

/** 1536 → 1.5 KB */
export function bytes(n: number): string {
  if (n < 1024) return `${n} B`
  const [value, unit] = n < 1024 * 1024 ? [n / 1024, 'KB'] : [n / 1024 / 1024, 'MB']
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${unit}`
}
