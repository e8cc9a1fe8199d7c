/** How events change what the page holds. Rows are replaced, never changed in place. */

import type {
  EventJobUpdate,
  EventTaskUpdate,
  EventWorkerTagUpdate,
  EventWorkerTask,
  EventWorkerUpdate,
} from '../api/events'
import type { Job, TaskSummary, WorkerSummary, WorkerTag } from '../api/types'

/** What the jobs table needs of a job; an event brings all but when and by whom it was made. */
export type JobRow = Pick<
  Job,
  | 'id'
  | 'name'
  | 'status'
  | 'type'
  | 'priority'
  | 'updated'
  | 'steps_completed'
  | 'steps_total'
  | 'frames'
  | 'approvals'
  | 'delete_requested_at'
  | 'worker_tag'
  | 'archived_at'
  | 'keep'
  | 'parked'
> &
  Partial<Pick<Job, 'created' | 'owner' | 'started' | 'ended' | 'eta'>>

export function replaceAll<Row extends { id: string }>(
  rows: Map<string, Row>,
  fresh: readonly Row[],
): void {
  const ids = new Set(fresh.map((row) => row.id))
  for (const id of rows.keys()) if (!ids.has(id)) rows.delete(id)
  for (const row of fresh) rows.set(row.id, row)
}

/** Events repeated on top of a fetch can be older than what was fetched. */
export function isStale(event: { updated: string }, known: { updated: string } | undefined): boolean {
  return known !== undefined && Date.parse(event.updated) < Date.parse(known.updated)
}

/** `archive` says which of the two lists `jobs` is: a job is in one of them. */
export function applyJobEvent(
  jobs: Map<string, JobRow>,
  event: EventJobUpdate,
  archive = false,
): void {
  const known = jobs.get(event.id)
  if (event.was_deleted === true) jobs.delete(event.id)
  else if (isStale(event, known)) return
  else if ((event.archived_at !== undefined) !== archive) jobs.delete(event.id)
  else jobs.set(event.id, jobFields(known, event))
}

/** An event leaves out the marks that a job does not have. */
export function jobFields<Known extends JobRow>(known: Known | undefined, event: EventJobUpdate) {
  const { previous_status, refresh_tasks, was_deleted, name, ...fields } = event
  const {
    delete_requested_at, archived_at, keep, worker_tag, parked, started, ended, eta, ...lasting
  }: Partial<Job> = known ?? {}
  return { ...lasting, ...fields, name: name ?? known?.name ?? '' } as Known & JobRow
}

/** Returns false when the task is not known: an event has not all that a table row needs. */
export function applyTaskEvent(tasks: Map<string, TaskSummary>, event: EventTaskUpdate): boolean {
  const known = tasks.get(event.id)
  if (known === undefined) return false
  if (!isStale(event, known)) tasks.set(event.id, taskFields(known, event))
  return true
}

export function taskFields<Known extends TaskSummary>(known: Known, event: EventTaskUpdate): Known {
  const { name, status, updated, steps_completed, steps_total, worker } = event
  const fields = { ...known, name, status, updated, steps_completed, steps_total }
  if (worker === undefined) return fields
  const address = known.worker?.id === worker.uuid ? known.worker.address : ''
  return { ...fields, worker: { id: worker.uuid, name: worker.name, address } }
}

/** What an event says nothing of, as the Worker's task and machine, stays as it was fetched. */
export function applyWorkerEvent(
  workers: Map<string, WorkerSummary>,
  event: EventWorkerUpdate,
): void {
  if (event.deleted_at !== undefined) {
    workers.delete(event.id)
    return
  }
  const { id, name, status, version, can_restart, status_change, parked, tag_ids } = event
  const { awaits_approval, used_twice } = event
  const known: Partial<WorkerSummary> = workers.get(id) ?? {}
  const { parked: was, status_change: asked, tag_ids: had, awaits_approval: waited, used_twice: then, ...lasting } = known
  const last_seen = event.last_seen ?? lasting.last_seen
  workers.set(id, {
    ...lasting,
    id,
    name,
    status,
    version,
    can_restart,
    ...(status_change && { status_change }),
    ...(parked && { parked }),
    ...(tag_ids && { tag_ids }),
    ...(awaits_approval && { awaits_approval }),
    ...(used_twice !== undefined && { used_twice }),
    ...(last_seen !== undefined && { last_seen }),
  })
}

/** Whether it may have been started with another machine or software than is known. */
export function isAnew(known: WorkerSummary | undefined, event: EventWorkerUpdate): boolean {
  return known === undefined || (known.status === 'offline' && event.status !== 'offline')
}

export function applyWorkerTask(
  workers: Map<string, WorkerSummary>,
  { worker_id, task }: EventWorkerTask,
): void {
  const known = workers.get(worker_id)
  if (known === undefined) return
  const { task: had, ...others } = known
  workers.set(worker_id, { ...others, ...(task && { task }) })
}

export function applyTagEvent(tags: Map<string, WorkerTag>, event: EventWorkerTagUpdate): void {
  if (event.was_deleted === true) tags.delete(event.tag.id)
  else tags.set(event.tag.id, event.tag)
}
