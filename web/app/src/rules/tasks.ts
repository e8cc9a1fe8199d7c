/** Rules about one task as the page shows it. */

import type { TasksQuery } from '../api/client'
import type { TaskStatus, TaskSummary } from '../api/types'
import { orderText, type SortOrder } from './sort'
import { TASK_STATUS } from './status'
import type { StripCells } from './strip'

export function taskLabel(status: string): string {
  return TASK_STATUS[status as TaskStatus].label
}

/** Tasks in the strip of their job, where it makes no frames. */
export function taskCells(tasks: readonly TaskSummary[]): StripCells {
  const task = (place: number) => tasks[place]!
  return {
    length: tasks.length,
    placeOf: (id) => tasks.findIndex((each) => each.id === id),
    id: (place) => task(place).id,
    name: (place) => task(place).name,
    tone: (place) => TASK_STATUS[task(place).status].tone,
    status: (place) => task(place).status,
    task: (place) => task(place).id,
    asTask: (place) => task(place).status,
    text: (place) => {
      const { name, status, worker } = task(place)
      return `${name}: ${taskLabel(status)}${worker?.name ? `, ${worker.name}` : ''}`
    },
  }
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
