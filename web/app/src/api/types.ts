/** Schemas of the Manager's API: those generated from its document, and what the page adds. */

import type {
  AvailableJobType as SentJobType,
  BulkOfJobs,
  BulkOfWorkers,
  Job as SentJob,
  JobsQueryResult as SentJobs,
  Worker as SentWorker,
  WorkerTag as SentTag,
} from '../../generated/api'

export type * from '../../generated/api'

export type JsonObject = { [key: string]: JsonValue }
export type JsonValue = string | number | boolean | null | JsonValue[] | JsonObject

/** Its progress is left out by older Managers only. */
export type Job = SentJob & Required<Pick<SentJob, 'frames'>>
export type JobsQueryResult = Omit<SentJobs, 'jobs'> & { jobs: Job[] }

/** A setting as a job type declares it. */
export interface JobTypeSetting {
  key: string
  type: 'string' | 'int32' | 'float' | 'bool'
  label?: JsonValue
  description?: JsonValue
  visible?: 'visible' | 'hidden' | 'submission' | 'web'
  default?: JsonValue
  /** What Blender evaluates for it in the file. */
  eval?: string
  required?: boolean
  choices?: string[]
  propargs?: { min?: number; max?: number }
}

export type AvailableJobType = Omit<SentJobType, 'settings'> & { settings: JobTypeSetting[] }
export type AvailableJobTypes = { job_types: AvailableJobType[] }

/** A tag has its ID but in the request to create it. */
export type WorkerTag = SentTag & { id: string }
export type WorkerTagList = { tags?: WorkerTag[] }
export type Worker = Omit<SentWorker, 'tags'> & { tags?: WorkerTag[] }

export interface ConfigurationFile {
  values: JsonObject
  /** What stands for the file as it was then. */
  version: string | null
}

/** What may be done to many jobs at once. */
export type JobChange = Omit<BulkOfJobs, 'ids'>
export type WorkerChange = Omit<BulkOfWorkers, 'ids'>
