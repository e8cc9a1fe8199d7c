/** What the wall shows. */

import type { JobRow } from '../live/reduce'

/** Jobs that have a picture or are at work, those that changed last first. */
export function recentJobs(jobs: Iterable<JobRow>, most: number): JobRow[] {
  return [...jobs]
    .filter(({ frames }) => frames.done > 0 || frames.active > 0)
    .sort((a, b) => Date.parse(b.updated) - Date.parse(a.updated) || (a.id < b.id ? -1 : 1))
    .slice(0, most)
}
