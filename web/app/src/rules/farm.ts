/** What the farm does and did, in figures. */

import type { FarmStatistics, WorkerSummary } from '../api/types'
import type { JobRow } from '../live/reduce'
import { taskUnderWay } from './worker-list'

/** For how long the farm may be looked back at, in hours. */
export const SPANS = {
  '24': 'the last 24 hours',
  '72': 'the last 3 days',
  '168': 'the last 7 days',
} as const
export type Span = keyof typeof SPANS

export interface RunningJob {
  job: JobRow
  /** Workers that have a task of it. */
  workers: number
}

/** Jobs that Workers are on, those with most of them first. */
export function runningJobs(
  jobs: ReadonlyMap<string, JobRow>,
  workers: Iterable<WorkerSummary>,
): RunningJob[] {
  const counts = new Map<string, number>()
  for (const worker of workers) {
    const task = taskUnderWay(worker)
    if (task) counts.set(task.job_id, (counts.get(task.job_id) ?? 0) + 1)
  }
  return [...counts]
    .flatMap(([id, count]) => {
      const job = jobs.get(id)
      return job ? [{ job, workers: count }] : []
    })
    .sort((a, b) => b.workers - a.workers || b.job.priority - a.job.priority || (a.job.id < b.job.id ? -1 : 1))
}

export interface WorkerCounts {
  working: number
  idle: number
  asleep: number
  /** Offline, or in error. */
  away: number
}

export function workerCounts(workers: Iterable<WorkerSummary>): WorkerCounts {
  const counts: WorkerCounts = { working: 0, idle: 0, asleep: 0, away: 0 }
  for (const worker of workers) {
    if (taskUnderWay(worker)) counts.working += 1
    else if (worker.status === 'asleep') counts.asleep += 1
    else if (worker.status === 'offline' || worker.status === 'error' || worker.parked) counts.away += 1
    else counts.idle += 1
  }
  return counts
}

/** Frames an hour: "0", "<0.1", "3.4", "120". */
export function rate(perHour: number): string {
  if (perHour > 0 && perHour < 0.1) return '<0.1'
  return perHour > 0 && perHour < 10 ? perHour.toFixed(1) : String(Math.round(perHour))
}

/** How many jobs wait, beside how many run. */
export function waitNote(count: number): string {
  return `${count} ${count === 1 ? 'waits' : 'wait'}`
}

/** Whole per cent of a part between 0 and 1. */
export function share(part: number): number {
  return Math.round(100 * part)
}

/** Hours as a chart takes them: seconds since the epoch beside the values. */
export function hourly({ hours }: Pick<FarmStatistics, 'hours'>) {
  return {
    times: hours.map(({ start }) => Date.parse(start) / 1000),
    frames: hours.map(({ frames }) => frames),
    failed: hours.map(({ failed }) => failed),
    utilisation: hours.map(({ utilisation }) => share(utilisation)),
  }
}
