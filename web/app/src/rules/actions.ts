/** What may be asked of jobs, tasks and workers in which status (reference web-ui.md §3 and §4). */

import type {
  JobStatus,
  Parked,
  TaskStatus,
  WorkerStatusChangeRequest,
  WorkerSummary,
} from '../api/types'

export const REASON = 'requested from web interface'

export interface StatusAction<S extends string> {
  key: string
  label: string
  /** Said after success, followed by what it was done to. */
  done: string
  status: S
  allowed: readonly S[]
  danger?: boolean
}

export const REQUEUE: StatusAction<JobStatus> = {
  key: 'requeue',
  label: 'Requeue',
  done: 'Requeueing',
  status: 'requeueing',
  allowed: ['canceled', 'completed', 'failed', 'paused'],
}

export const JOB_ACTIONS: readonly StatusAction<JobStatus>[] = [
  {
    key: 'pause',
    label: 'Pause',
    done: 'Pausing',
    status: 'pause-requested',
    allowed: ['active', 'queued'],
  },
  {
    key: 'cancel',
    label: 'Cancel',
    done: 'Canceling',
    status: 'cancel-requested',
    allowed: ['active', 'failed', 'paused', 'pause-requested', 'queued'],
    danger: true,
  },
  REQUEUE,
]

const CANCEL_TASK: StatusAction<TaskStatus> = {
  key: 'cancel',
  label: 'Cancel',
  done: 'Canceled',
  status: 'canceled',
  allowed: ['active', 'queued', 'soft-failed'],
  danger: true,
}

export const REQUEUE_TASK: StatusAction<TaskStatus> = {
  key: 'requeue',
  label: 'Requeue',
  done: 'Requeued',
  status: 'queued',
  allowed: ['canceled', 'completed', 'failed'],
}

/** Needs a reason. */
export const FAIL_TASK: StatusAction<TaskStatus> = {
  key: 'fail',
  label: 'Fail',
  done: 'Failed',
  status: 'failed',
  allowed: ['active', 'paused', 'queued', 'soft-failed'],
  danger: true,
}

/** Tasks of a job that is being paused cannot be canceled one by one. */
export function taskActions(job: JobStatus | undefined): readonly StatusAction<TaskStatus>[] {
  if (job !== 'pause-requested') return [CANCEL_TASK, REQUEUE_TASK]
  return [{ ...CANCEL_TASK, allowed: [] }, REQUEUE_TASK]
}

/** Of what is parked no status can be asked. */
export function applicable<S extends string, T extends { status: S; parked?: Parked }>(
  action: StatusAction<S>,
  targets: readonly T[],
): T[] {
  return targets.filter((target) => !target.parked && action.allowed.includes(target.status))
}

export interface WorkerAction {
  key: string
  label: string
  done: string
  request: WorkerStatusChangeRequest
  danger?: boolean
}

export const WORKER_ACTIONS: readonly WorkerAction[] = [
  {
    key: 'wake',
    label: 'Wake up',
    done: 'Waking up',
    request: { status: 'awake', is_lazy: false },
  },
  {
    key: 'sleep-lazy',
    label: 'Sleep after task',
    done: 'Will sleep after its task:',
    request: { status: 'asleep', is_lazy: true },
  },
  {
    key: 'sleep-now',
    label: 'Sleep now',
    done: 'Going to sleep:',
    request: { status: 'asleep', is_lazy: false },
  },
  {
    key: 'restart-lazy',
    label: 'Restart after task',
    done: 'Will restart after its task:',
    request: { status: 'restart', is_lazy: true },
  },
  {
    key: 'restart-now',
    label: 'Restart now',
    done: 'Restarting',
    request: { status: 'restart', is_lazy: false },
  },
  {
    key: 'shutdown-lazy',
    label: 'Shut down after task',
    done: 'Will shut down after its task:',
    request: { status: 'offline', is_lazy: true },
    danger: true,
  },
  {
    key: 'shutdown-now',
    label: 'Shut down now',
    done: 'Shutting down',
    request: { status: 'offline', is_lazy: false },
    danger: true,
  },
]

/**
 * A Worker can be asked for any status it is not in already. Asking for the current one is of use
 * only while a change is pending: it takes that request back.
 */
export function canAskWorker(action: WorkerAction, worker: WorkerSummary): boolean {
  if (worker.parked) return false
  if (action.request.status === 'restart') return worker.can_restart && worker.status !== 'offline'
  return worker.status !== action.request.status || worker.status_change !== undefined
}
