/** What a person has to do for a job to go on. */

import type { TaskStatus, TaskSummary } from '../api/types'
import type { JobRow } from '../live/reduce'

/** Whether nothing, or not all of it, goes on without a person. */
export function needsSomebody(
  job: Pick<JobRow, 'status' | 'parked' | 'approvals' | 'delete_requested_at'>,
): boolean {
  if (job.delete_requested_at) return false
  return job.parked !== undefined || job.status === 'failed' || job.approvals > 0
}

/** Whether a task is an approval that may wait for its yes or no. */
export function mayAsk({ task_type, status }: Pick<TaskSummary, 'task_type' | 'status'>): boolean {
  return task_type === 'approval' && (status === 'queued' || status === 'soft-failed')
}

/** Those of the approvals that do, given what each of them depends on. */
export function askedFor<T extends { id: string; depends_on: readonly string[] }>(
  approvals: readonly T[],
  tasks: ReadonlyMap<string, { status: TaskStatus }>,
): T[] {
  return approvals.filter(({ depends_on }) =>
    depends_on.every((id) => tasks.get(id)?.status === 'completed'),
  )
}

export function failedTasks(tasks: readonly TaskSummary[]): TaskSummary[] {
  return tasks.filter(({ status }) => status === 'failed')
}

/** The last lines of a log, without the empty ones at its end. */
export function lastLines(log: string, count: number): string {
  return log.trimEnd().split('\n').slice(-count).join('\n')
}
