/** What may be asked of jobs besides a status: to be archived, kept or deleted. */

import type { Job, JobChange, JobStatus } from '../api/types'

type Marks = Pick<Job, 'status' | 'archived_at' | 'keep' | 'delete_requested_at' | 'parked'>

export interface JobMark {
  key: string
  label: string
  /** Said after success, followed by what it was done to. */
  done: string
  /** Said of what was refused, with its names and the reason. */
  failed: string
  change: JobChange
  applies: (job: Marks) => boolean
}

const FINISHED: readonly JobStatus[] = ['canceled', 'completed', 'failed']
const DELETABLE: readonly JobStatus[] = [...FINISHED, 'paused', 'queued']

/** Each with what takes it back. */
const PAIRS: readonly (readonly [JobMark, JobMark])[] = [
  [
    {
      key: 'archive',
      label: 'Archive',
      done: 'Archived',
      failed: 'Could not archive',
      change: { setarchived: { archived: true } },
      applies: (job) => FINISHED.includes(job.status) && !job.archived_at,
    },
    {
      key: 'unarchive',
      label: 'Bring back',
      done: 'Back from the archive:',
      failed: 'Could not bring back',
      change: { setarchived: { archived: false } },
      applies: (job) => job.archived_at !== undefined,
    },
  ],
  [
    {
      key: 'keep',
      label: 'Keep from clean-up',
      done: 'Kept from the clean-up:',
      failed: 'Could not keep',
      change: { setkeep: { keep: true } },
      applies: (job) => !job.keep,
    },
    {
      key: 'unkeep',
      label: 'Leave to clean-up',
      done: 'Left to the clean-up:',
      failed: 'Could not leave to the clean-up',
      change: { setkeep: { keep: false } },
      applies: (job) => job.keep === true,
    },
  ],
]

/** Of each pair the first, unless all jobs have it already. */
export function offeredMarks(jobs: readonly Marks[]): JobMark[] {
  return PAIRS.map(([mark, back]) => (jobs.length > 0 && jobs.every(back.applies) ? back : mark))
}

export function markable<T extends Marks>(mark: JobMark, jobs: readonly T[]): T[] {
  return jobs.filter((job) => !job.delete_requested_at && !job.parked && mark.applies(job))
}

/** A parked job runs nothing, whatever its status. */
export function deletable<T extends Marks>(jobs: readonly T[]): T[] {
  return jobs.filter(
    (job) => !job.delete_requested_at && (job.parked || DELETABLE.includes(job.status)),
  )
}

export interface DeletionText {
  question: string
  consequences: string
  action: string
  /** What may be chosen besides. */
  choice: string | null
}

/**
 * `ownFiles`: they have, or may have, files of their own that were sent with them. With Shaman
 * these are its checkouts, which always go (reference rules §11).
 */
export function deletionText(
  jobs: readonly { name: string }[],
  shaman: boolean,
  ownFiles: boolean,
): DeletionText {
  const one = jobs.length === 1
  const checkouts = one
    ? ', and its Shaman checkout unless another job needs it'
    : ', and their Shaman checkouts unless other jobs need them'
  const gone = `${one ? 'Its' : 'Their'} tasks, logs and previews are deleted`
  return {
    question: one ? `Delete ${jobs[0]?.name ?? ''}?` : `Delete ${jobs.length} jobs?`,
    consequences: `${gone}${shaman && ownFiles ? checkouts : ''}. Rendered frames stay.`,
    action: one ? 'Delete job' : `Delete ${jobs.length} jobs`,
    choice: ownFiles && !shaman ? `Delete the files that were sent with ${one ? 'it' : 'them'}, too` : null,
  }
}
