/** What a person may decide about a task (docs/rules.md, "Approval" and "Statuses"). */

import type { TaskStatus } from '../api/types'

export interface Verdict {
  status: 'completed' | 'failed'
  label: string
  /** Said after success, followed by the task's name. */
  done: string
  /** The reason if none is given; empty where the Manager wants one. */
  reason: string
}

export interface Offer {
  title: string
  hint: string
  /** Whether the farm waits for this. */
  asks: boolean
  verdicts: readonly Verdict[]
}

const APPROVAL: Offer = {
  title: 'This waits for your yes or no',
  hint: 'Reason (optional)',
  asks: true,
  verdicts: [
    { status: 'completed', label: 'Approve', done: 'Approved', reason: 'approved on the page' },
    { status: 'failed', label: 'Refuse', done: 'Refused', reason: 'refused on the page' },
  ],
}

const COMPLETE: Verdict = { status: 'completed', label: 'Complete', done: 'Completed by hand:', reason: '' }
const FAIL: Verdict = { status: 'failed', label: 'Fail', done: 'Failed by hand:', reason: '' }

/** The statuses in which each can be asked for (flamenco/model/statuses.py, `TASK_REQUESTS`). */
const FAILABLE: readonly TaskStatus[] = ['active', 'paused', 'queued', 'soft-failed']

/** In which an approval waits for its answer. */
export const APPROVABLE: readonly TaskStatus[] = ['queued', 'soft-failed']

/** What may be decided about a task now; null if nothing. */
export function verdicts(task: { status: TaskStatus; task_type: string }): Offer | null {
  if (task.status === 'completed') return null
  if (task.task_type === 'approval' && APPROVABLE.includes(task.status)) return APPROVAL
  return {
    title: 'Decide by hand',
    hint: 'Reason',
    asks: false,
    verdicts: FAILABLE.includes(task.status) ? [COMPLETE, FAIL] : [COMPLETE],
  }
}
