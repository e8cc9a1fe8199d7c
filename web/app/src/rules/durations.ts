/** Durations as the configuration has them (`10m0s`), as people type them, and in words. */

import { plural } from './format'

const SECONDS: Record<string, number> = {
  ns: 1e-9,
  us: 1e-6,
  µs: 1e-6,
  μs: 1e-6,
  ms: 1e-3,
  s: 1,
  m: 60,
  h: 3600,
  d: 86_400,
  w: 604_800,
}
const NAMES: Record<string, string> = {
  sec: 's', second: 's', min: 'm', minute: 'm', hr: 'h', hour: 'h', day: 'd', week: 'w',
}
const PART = /(\d+\.?\d*|\.\d+)\s*([a-zµμ]+)\s*/g
const WHOLE = /^((\d+\.?\d*|\.\d+)\s*[a-zµμ]+\s*)+$/

/** Seconds of `10m0s`, `7d` or `2 hours`; null if it is no duration. `0` needs no unit. */
export function seconds(text: string): number | null {
  const typed = text.trim().toLowerCase()
  if (typed === '0') return 0
  if (!WHOLE.test(typed)) return null
  let total = 0
  for (const [, amount = '', unit = ''] of typed.matchAll(PART)) {
    const size = SECONDS[unit] ?? SECONDS[NAMES[unit.replace(/s$/, '')] ?? '']
    if (size === undefined) return null
    total += Number(amount) * size
  }
  return total
}

/** As the Manager writes it; what is no duration stays as it was typed. */
export function canonical(text: string): string {
  const total = seconds(text)
  if (total === null) return text.trim()
  if (total === 0) return '0s'
  if (total < 1e-6) return `${rounded(total * 1e9)}ns`
  if (total < 1e-3) return `${rounded(total * 1e6)}µs`
  if (total < 1) return `${rounded(total * 1e3)}ms`
  const hours = Math.floor(total / 3600)
  const minutes = Math.floor((total % 3600) / 60)
  const rest = `${rounded(total % 60)}s`
  if (hours > 0) return `${hours}h${minutes}m${rest}`
  return minutes > 0 ? `${minutes}m${rest}` : rest
}

/** "1 hour 30 minutes"; null if it is no duration, or one too short for words. */
export function inWords(text: string): string | null {
  const total = seconds(text)
  if (total === null || total < 1) return null
  const parts = [
    [Math.floor(total / 86_400), 'day'],
    [Math.floor((total % 86_400) / 3600), 'hour'],
    [Math.floor((total % 3600) / 60), 'minute'],
    [rounded(total % 60), 'second'],
  ] as const
  return parts
    .filter(([count]) => count > 0)
    .map(([count, unit]) => plural(count, unit))
    .join(' ')
}

function rounded(amount: number): number {
  return Number(amount.toFixed(9))
}
