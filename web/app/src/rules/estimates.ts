/** When a job is likely to be done, and how long it has run. */

import type { Eta, Job } from '../api/types'

const DAY_MS = 86_400_000

function clock(iso: string): string {
  return new Date(iso).toLocaleTimeString(undefined, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })
}

function day(iso: string, now: number): string {
  const time = new Date(iso)
  if (time.toDateString() === new Date(now).toDateString()) return ''
  const near = Math.abs(time.getTime() - now) < 6 * DAY_MS
  return time.toLocaleDateString(undefined, near ? { weekday: 'short' } : { day: 'numeric', month: 'short' })
}

/** "12:10 – 12:40", with the day where it is not today. `now` in milliseconds since the epoch. */
export function etaText({ earliest, latest }: Eta, now = Date.now()): string {
  const [first, last] = [day(earliest, now), day(latest, now)]
  const from = `${first} ${clock(earliest)}`.trim()
  const to = first === last ? clock(latest) : `${last} ${clock(latest)}`.trim()
  return from.endsWith(to) && first === last ? from : `${from} – ${to}`
}

/** Seconds since it started, or until it ended; -1 if it has not begun. */
export function runSeconds({ started, ended }: Pick<Job, 'started' | 'ended'>, now: number): number {
  if (started === undefined) return -1
  return Math.max(0, ((ended === undefined ? now : Date.parse(ended)) - Date.parse(started)) / 1000)
}
