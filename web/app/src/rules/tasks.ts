/** Rules about one task as the page shows it. */

import type { TaskSummary } from '../api/types'
import { percent } from './format'
import { TASK_STATUS } from './status'

/** Name, status and Worker in one line. */
export function describeTask(task: TaskSummary): string {
  const by = task.worker?.name ? `, ${task.worker.name}` : ''
  return `${task.name}: ${TASK_STATUS[task.status].label}${by}`
}

/** How much of the task is done, as a CSS length. */
export function doneShare(task: TaskSummary): string {
  return `${percent(task.steps_completed, task.steps_total)}%`
}
