/** What a person has to do for a job to go on. */

import type { JobRow } from '../live/reduce'

/** Whether nothing, or not all of it, goes on without a person. */
export function needsSomebody(
  job: Pick<JobRow, 'status' | 'parked' | 'approvals' | 'delete_requested_at'>,
): boolean {
  if (job.delete_requested_at) return false
  return job.parked !== undefined || job.status === 'failed' || job.approvals > 0
}

/** The last lines of a log, without the empty ones at its end. */
export function lastLines(log: string, count: number): string {
  return log.trimEnd().split('\n').slice(-count).join('\n')
}
