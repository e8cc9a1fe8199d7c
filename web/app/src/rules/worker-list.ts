/** Which Workers a list shows, and what stands in its columns. */

import type { WorkerSummary, WorkerTask } from '../api/types'
import { percent } from './format'
import { programs } from './machine'

/** What is chosen besides statuses; empty: any. */
export interface WorkerFilter {
  text: string
  /** Id of a tag. */
  tag: string
  /** A program with its version. */
  software: string
  /** Id of the job that it works on. */
  job: string
}

/** "Blender 4.5.1", for each program of a Worker. */
export function softwareOf({ specs }: WorkerSummary): string[] {
  return (specs?.software ?? []).map((each) => programs([each]))
}

/** Those that match, in whatever status. `tags`: the names of tags by id. */
export function matchingWorkers(
  workers: Iterable<WorkerSummary>,
  filter: WorkerFilter,
  tags: ReadonlyMap<string, string>,
): WorkerSummary[] {
  const words = filter.text.toLowerCase().split(/\s+/).filter(Boolean)
  return [...workers].filter((worker) => {
    if (filter.tag && !worker.tag_ids?.includes(filter.tag)) return false
    if (filter.software && !softwareOf(worker).includes(filter.software)) return false
    if (filter.job && worker.task?.job_id !== filter.job) return false
    if (words.length === 0) return true
    const { name, id, task, specs } = worker
    const parts = [name, id, task?.job_name, ...tagNames(worker, tags), ...softwareOf(worker)]
    const text = [...parts, ...(specs?.gpus ?? []).map((gpu) => gpu.name)].join(' ').toLowerCase()
    return words.every((word) => text.includes(word))
  })
}

export function tagNames({ tag_ids = [] }: WorkerSummary, tags: ReadonlyMap<string, string>): string[] {
  return tag_ids.flatMap((id) => tags.get(id) ?? []).sort((a, b) => a.localeCompare(b))
}

/** The task that it works on now; one that is only held waits for its end. */
export function taskUnderWay({ task }: WorkerSummary): WorkerTask | undefined {
  return task?.status === 'active' ? task : undefined
}

/** Per cent of the steps of its task; null where it doesn't count any. */
export function taskPercent(task: WorkerTask | undefined): number | null {
  if (task === undefined || task.steps_total === 0) return null
  return percent(task.steps_completed, task.steps_total)
}

/** Each job that some Worker has a task of, once. */
export function jobsUnderWay(workers: Iterable<WorkerSummary>): { id: string; name: string }[] {
  const jobs = new Map<string, string>()
  for (const { task } of workers) if (task) jobs.set(task.job_id, task.job_name || task.job_id)
  return [...jobs].map(([id, name]) => ({ id, name }))
}

const HUES = 12

/** A hue in degrees that tells one job from its neighbours, the same wherever the job is shown. */
export function jobHue(id: string): number {
  let hash = 2166136261
  for (const letter of id) hash = Math.imul(hash ^ letter.charCodeAt(0), 16777619)
  return ((hash >>> 0) % HUES) * (360 / HUES)
}
