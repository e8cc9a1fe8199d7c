/** Rules about one task as the page shows it. */

import type { TasksQuery } from '../api/client'
import type { TaskStatus, TaskSummary } from '../api/types'
import { orderText, type SortOrder } from './sort'
import { TASK_STATUS } from './status'
import type { StripCell } from './strip'

export function taskLabel(status: string): string {
  return TASK_STATUS[status as TaskStatus].label
}

/** A task in the strip of its job. */
export function taskCell({ id, name, status, worker }: TaskSummary): StripCell {
  const { label, tone } = TASK_STATUS[status]
  const by = worker?.name ? `, ${worker.name}` : ''
  return { id, tone, status, name, text: `${name}: ${label}${by}`, task: id, asTask: status }
}

type TaskSort = NonNullable<TasksQuery['sort']>

const SORTS: Record<string, string> = {
  index: 'index_in_job',
  name: 'name',
  status: 'status',
  worker: 'worker',
  updated: 'updated',
}

/** The order of a table's column, as the API names it; that of the tasks in their job, if there is none. */
export function taskSort({ key, descending }: SortOrder): TaskSort {
  return orderText({ key: SORTS[key] ?? 'index_in_job', descending }) as TaskSort
}
