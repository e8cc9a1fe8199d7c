/** How each status looks and what it means. One table per kind of thing. */

import type {
  FarmStatus,
  Job,
  JobStatus,
  TaskStatus,
  WorkerStatus,
  WorkerSummary,
} from '../api/types'

/** A tone is a colour and a pattern of the stylesheet: `--tone-<name>`. */
export type Tone =
  | 'active'
  | 'done'
  | 'failed'
  | 'warning'
  | 'queued'
  | 'paused'
  | 'canceled'
  | 'changing'

export interface StatusLook {
  label: string
  tone: Tone
}

export const JOB_STATUS: Record<JobStatus, StatusLook> = {
  active: { label: 'Active', tone: 'active' },
  'pause-requested': { label: 'Pausing', tone: 'changing' },
  'cancel-requested': { label: 'Canceling', tone: 'changing' },
  requeueing: { label: 'Requeueing', tone: 'changing' },
  'under-construction': { label: 'Preparing', tone: 'changing' },
  queued: { label: 'Queued', tone: 'queued' },
  paused: { label: 'Paused', tone: 'paused' },
  failed: { label: 'Failed', tone: 'failed' },
  canceled: { label: 'Canceled', tone: 'canceled' },
  completed: { label: 'Completed', tone: 'done' },
}

const PARKED: StatusLook = { label: 'Parked', tone: 'failed' }
const TO_APPROVE: StatusLook = { label: 'To approve', tone: 'warning' }

/** A job stays in its status while it is being deleted, is parked or waits for a yes or no. */
export function jobLook(
  job: Pick<Job, 'status' | 'delete_requested_at' | 'parked' | 'approvals'>,
): StatusLook {
  if (job.delete_requested_at) return { label: 'Deleting', tone: 'changing' }
  if (job.parked) return PARKED
  return job.approvals > 0 ? TO_APPROVE : JOB_STATUS[job.status]
}

export const TASK_STATUS: Record<TaskStatus, StatusLook> = {
  completed: { label: 'Completed', tone: 'done' },
  active: { label: 'Active', tone: 'active' },
  'soft-failed': { label: 'Soft-failed', tone: 'warning' },
  failed: { label: 'Failed', tone: 'failed' },
  canceled: { label: 'Canceled', tone: 'canceled' },
  paused: { label: 'Paused', tone: 'paused' },
  queued: { label: 'Queued', tone: 'queued' },
}

export const WORKER_STATUS: Record<WorkerStatus, StatusLook> = {
  awake: { label: 'Awake', tone: 'done' },
  starting: { label: 'Starting', tone: 'changing' },
  restart: { label: 'Restarting', tone: 'changing' },
  testing: { label: 'Testing', tone: 'active' },
  asleep: { label: 'Asleep', tone: 'paused' },
  error: { label: 'Error', tone: 'failed' },
  offline: { label: 'Offline', tone: 'canceled' },
}

const UNAPPROVED: StatusLook = { label: 'To approve', tone: 'warning' }

const WORKING: StatusLook = { label: 'Working', tone: 'active' }

/** One that works on a task is awake, and more. */
export function workerLook({
  status,
  parked,
  task,
  awaits_approval,
}: Pick<WorkerSummary, 'status' | 'parked' | 'task' | 'awaits_approval'>): StatusLook {
  if (parked) return PARKED
  if (awaits_approval) return UNAPPROVED
  if (status === 'awake' && task?.status === 'active') return WORKING
  return WORKER_STATUS[status] ?? WORKER_STATUS.offline
}

export interface FarmStatusLook extends StatusLook {
  explanation: string
}

export const FARM_STATUS: Record<FarmStatus, FarmStatusLook> = {
  active: { label: 'Active', tone: 'active', explanation: 'Workers are rendering.' },
  idle: { label: 'Idle', tone: 'done', explanation: 'Workers are awake, and there is no work.' },
  waiting: {
    label: 'Waiting',
    tone: 'warning',
    explanation: 'There is work, but no awake Worker is on it yet.',
  },
  asleep: {
    label: 'Asleep',
    tone: 'paused',
    explanation: 'There is no work, and the Workers are asleep.',
  },
  inoperative: {
    label: 'Inoperative',
    tone: 'failed',
    explanation: 'No Worker can work: all are offline or in error.',
  },
  starting: { label: 'Starting', tone: 'changing', explanation: 'The Manager is starting.' },
  unknown: {
    label: 'Unknown',
    tone: 'queued',
    explanation: 'The Manager has not sent the status of the farm.',
  },
}

export interface FarmFacts {
  status: FarmStatus
  /** Null until they are known. */
  workers: number | null
  /** Whether anything is being worked on. */
  busy: boolean
  offline: boolean
}

/** The farm's status as the Manager names it, corrected where that would mislead. */
export function farmLook({ status, workers, busy, offline }: FarmFacts): FarmStatusLook {
  if (offline) {
    const explanation = 'The Manager is out of reach: nobody knows how the farm is.'
    return { label: 'Out of reach', tone: 'canceled', explanation }
  }
  if (status === 'inoperative' && workers === 0) {
    return { label: 'No Workers', tone: 'queued', explanation: 'No Worker has joined yet.' }
  }
  if (status === 'active' && !busy) {
    const explanation = 'A job has begun, but no Worker is on it at the moment.'
    return { label: 'Active', tone: 'warning', explanation }
  }
  return FARM_STATUS[status] ?? FARM_STATUS.unknown
}

export interface StatusCount<S extends string> {
  status: S
  count: number
  look: StatusLook
}

/** Counts the rows of each status present, in the order of the table. */
export function countByStatus<S extends string>(
  rows: Iterable<{ status: S }>,
  table: Record<S, StatusLook>,
): StatusCount<S>[] {
  const counts: Partial<Record<S, number>> = {}
  for (const { status } of rows) counts[status] = (counts[status] ?? 0) + 1
  return statusCounts(counts, table)
}

/** The statuses that are not empty, in the order of the table. */
export function statusCounts<S extends string>(
  counts: Partial<Record<S, number>>,
  table: Record<S, StatusLook>,
): StatusCount<S>[] {
  return (Object.keys(table) as S[])
    .map((status) => ({ status, count: counts[status] ?? 0, look: table[status] }))
    .filter(({ count }) => count > 0)
}
