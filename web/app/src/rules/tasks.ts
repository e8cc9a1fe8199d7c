/** Rules about one task as the page shows it. */

import type { TaskSummary } from '../api/types'
import { percent } from './format'
import { TASK_STATUS } from './status'

/** Name, status and Worker in one line. */
export function describeTask(task: TaskSummary): string {
  const by = task.worker?.name ? `, ${task.worker.name}` : ''
  return `${task.name}: ${TASK_STATUS[task.status].label}${by}`
}

/** How much of the task's cell is filled, as a CSS length: with one step there is no part to show. */
export function doneShare(task: TaskSummary): string {
  if (task.steps_total <= 1) return '100%'
  return `${percent(task.steps_completed, task.steps_total)}%`
}
