/** Rules about one task as the page shows it. */

import type { TaskStatus, TaskSummary } from '../api/types'
import { TASK_STATUS } from './status'
import type { StripCell } from './strip'

export function taskLabel(status: string): string {
  return TASK_STATUS[status as TaskStatus].label
}

/** Whether a part of its name, or of its Worker's, is what is searched for. */
export function taskMatches({ name, worker }: Pick<TaskSummary, 'name' | 'worker'>, search: string): boolean {
  const wanted = search.trim().toLowerCase()
  return [name, worker?.name ?? ''].some((text) => text.toLowerCase().includes(wanted))
}

/** A task in the strip of its job. */
export function taskCell({ id, name, status, worker }: TaskSummary): StripCell {
  const { label, tone } = TASK_STATUS[status]
  const by = worker?.name ? `, ${worker.name}` : ''
  return { id, tone, status, name, text: `${name}: ${label}${by}`, task: id }
}
