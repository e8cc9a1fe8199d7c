/** What the wall shows. */

import type { JobRow } from '../live/reduce'

/** Jobs that have a picture or are at work: those at work first, then those that changed last. */
export function recentJobs(jobs: Iterable<JobRow>, most: number): JobRow[] {
  return [...jobs]
    .filter(({ frames }) => frames.done > 0 || frames.active > 0)
    .map((job) => ({ job, works: Number(job.frames.active > 0), updated: Date.parse(job.updated) }))
    .sort((a, b) => b.works - a.works || b.updated - a.updated || (a.job.id < b.job.id ? -1 : 1))
    .slice(0, most)
    .map(({ job }) => job)
}
