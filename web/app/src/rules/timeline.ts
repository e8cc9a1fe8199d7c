/** Rules about the timeline of a job: its attempts as bars, in a lane for each Worker. */

import type { PastAttempt } from '../api/types'

/** Maximum number of attempts that are held, the newest. */
export const MOST_ATTEMPTS = 10_000
/** Maximum number of Workers that are shown, those that worked last. */
export const MOST_LANES = 200

export function attemptKey({ task_id, attempt }: PastAttempt): string {
  return `${task_id} ${attempt}`
}

/** Attempts that have ended, the last one that ended first, and whether there are earlier ones. */
export interface Past {
  attempts: readonly PastAttempt[]
  more: boolean
}

/** Both, each attempt once, the last one that ended first. */
export function merged(known: readonly PastAttempt[], fresh: readonly PastAttempt[]): PastAttempt[] {
  const each = new Map([...known, ...fresh].map((attempt) => [attemptKey(attempt), attempt]))
  const ended = ({ ended = '' }: PastAttempt) => Date.parse(ended)
  return [...each.values()].sort((a, b) => ended(b) - ended(a)).slice(0, MOST_ATTEMPTS)
}

/** With the newest page; that page alone where it does not reach what is known, since those between would be missing. */
export function withNewest(known: Past, newest: Past): Past {
  const held = new Set(known.attempts.map(attemptKey))
  if (!newest.attempts.some((attempt) => held.has(attemptKey(attempt)))) return newest
  return bounded(merged(known.attempts, newest.attempts), known.more)
}

/** With the page that was asked for `before` the end of the last one; as it is if another one is the last by now. */
export function withEarlier(known: Past, before: string, earlier: Past): Past {
  if (known.attempts.at(-1)?.ended !== before) return known
  return bounded(merged(known.attempts, earlier.attempts), earlier.more)
}

function bounded(attempts: readonly PastAttempt[], more: boolean): Past {
  return { attempts, more: more && attempts.length < MOST_ATTEMPTS }
}

export interface Bar {
  /** In milliseconds since the epoch. */
  from: number
  to: number
  attempt: PastAttempt
}

export interface Lane {
  id: string
  name: string
  /** In the order in which they began. */
  bars: Bar[]
}

/** The Workers by name; `now` in milliseconds since the epoch. */
export function lanesOf(attempts: readonly PastAttempt[], now: number): Lane[] {
  const lanes = new Map<string, Lane>()
  for (const attempt of attempts) {
    const { worker_id: id, worker_name, started, ended } = attempt
    const lane = lanes.get(id) ?? { id, name: worker_name || id, bars: [] }
    const from = Date.parse(started)
    lane.bars.push({ from, to: Math.max(from, ended ? Date.parse(ended) : now), attempt })
    lanes.set(id, lane)
  }
  const last = ({ bars }: Lane) => bars.reduce((latest, { to }) => Math.max(latest, to), 0)
  return [...lanes.values()]
    .sort((a, b) => last(b) - last(a))
    .slice(0, MOST_LANES)
    .sort((a, b) => a.name.localeCompare(b.name, undefined, { numeric: true }))
    .map((lane) => ({ ...lane, bars: lane.bars.sort((a, b) => a.from - b.from) }))
}

export interface Span {
  from: number
  to: number
}

/** From the first start to the last end. */
export function spanOf(lanes: readonly Lane[]): Span {
  let [from, to] = [Infinity, -Infinity]
  for (const { bars } of lanes) {
    for (const bar of bars) {
      from = Math.min(from, bar.from)
      to = Math.max(to, bar.to)
    }
  }
  return from <= to ? { from, to: Math.max(to, from + 1000) } : { from: 0, to: 1000 }
}

/** The bar at a moment, or the nearest within `reach` milliseconds: short ones are hard to hit. */
export function barAt({ bars }: Lane, time: number, reach: number): Bar | undefined {
  const distance = ({ from, to }: Bar) => Math.max(from - time, time - to, 0)
  let best: Bar | undefined
  for (const bar of bars) if (distance(bar) <= (best ? distance(best) : reach)) best = bar
  return best
}

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const STEPS = [
  SECOND, 2 * SECOND, 5 * SECOND, 10 * SECOND, 30 * SECOND,
  MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 30 * MINUTE,
  HOUR, 2 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 7 * DAY, 30 * DAY,
]

/** Round moments within a span, at most `most`, with the least unit that they need. */
export function timeTicks({ from, to }: Span, most: number): { time: number; unit: 'day' | 'minute' | 'second' }[] {
  const step = STEPS.find((each) => (to - from) / each <= most) ?? (to - from) / Math.max(1, most)
  const offset = new Date(from).getTimezoneOffset() * MINUTE
  const unit = step >= DAY ? 'day' : step >= MINUTE ? 'minute' : 'second'
  const ticks = []
  for (let time = Math.ceil((from - offset) / step) * step + offset; time <= to; time += step) {
    ticks.push({ time, unit } as const)
  }
  return ticks
}
