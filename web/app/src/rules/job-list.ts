/** Which jobs a list shows, and what stands in its columns. */

import type { JobStatus } from '../api/types'
import type { JobRow } from '../live/reduce'
import { needsSomebody } from './needs'

const HOUR_MS = 3_600_000

/** How long ago a job may have changed. */
export const SINCE = {
  hour: { label: 'the last hour', ms: HOUR_MS },
  day: { label: 'the last 24 hours', ms: 24 * HOUR_MS },
  week: { label: 'the last 7 days', ms: 7 * 24 * HOUR_MS },
  month: { label: 'the last 30 days', ms: 30 * 24 * HOUR_MS },
} as const
export type Since = keyof typeof SINCE

/** What is chosen besides statuses; empty: any. */
export interface JobFilter {
  text: string
  type: string
  owner: string
  tag: string
  since: string
  /** Ids of the jobs of the Worker that was chosen; null: of any. */
  ofWorker: ReadonlySet<string> | null
}

const LEAST_OF_ID = 6 // characters; fewer would be found in many

function isPartOf(id: string, word: string): boolean {
  return word.length >= LEAST_OF_ID && id.startsWith(word)
}

/** Those that match, in whatever status; `now` in milliseconds since the epoch. */
export function matching(jobs: Iterable<JobRow>, filter: JobFilter, now: number): JobRow[] {
  const words = filter.text.toLowerCase().split(/\s+/).filter(Boolean)
  const age = SINCE[filter.since as Since]
  return [...jobs].filter((job) => {
    if (filter.type && job.type !== filter.type) return false
    if (filter.owner && job.owner !== filter.owner) return false
    if (filter.tag && job.worker_tag !== filter.tag) return false
    if (filter.ofWorker && !filter.ofWorker.has(job.id)) return false
    if (age && now - Date.parse(job.updated) > age.ms) return false
    if (words.length === 0) return true
    const text = `${job.name} ${job.type} ${job.owner ?? ''}`.toLowerCase()
    return words.every((word) => text.includes(word) || isPartOf(job.id, word))
  })
}

/** Of those, the ones in the statuses chosen. */
export function inStatus(
  jobs: readonly JobRow[],
  statuses: ReadonlySet<JobStatus>,
  needy: boolean,
): readonly JobRow[] {
  if (statuses.size === 0 && !needy) return jobs
  return jobs.filter(
    (job) => (statuses.size === 0 || statuses.has(job.status)) && (!needy || needsSomebody(job)),
  )
}

/** The values that there are to choose from, in order. */
export function choices(values: Iterable<string>): string[] {
  return [...new Set(values)].filter(Boolean).sort((a, b) => a.localeCompare(b))
}

/** Whether part of it failed, so that it can be requeued alone. */
export function hasFailed({ status, frames, parked }: JobRow): boolean {
  return !parked && (status === 'failed' || frames.failed > 0)
}
