/** Schemas of the Manager's HTTP API, with the exact JSON names of the reference (api.md §3). */

export type FarmStatus =
  | 'active'
  | 'idle'
  | 'waiting'
  | 'asleep'
  | 'inoperative'
  | 'unknown'
  | 'starting'

export type JobStatus =
  | 'active'
  | 'canceled'
  | 'completed'
  | 'failed'
  | 'paused'
  | 'pause-requested'
  | 'queued'
  | 'cancel-requested'
  | 'requeueing'
  | 'under-construction'

export type TaskStatus =
  | 'active'
  | 'canceled'
  | 'completed'
  | 'failed'
  | 'queued'
  | 'soft-failed'
  | 'paused'

export type WorkerStatus =
  | 'starting'
  | 'awake'
  | 'asleep'
  | 'error'
  | 'testing'
  | 'offline'
  | 'restart'

export interface FlamencoVersion {
  version: string
  shortversion: string
  name: string
  git: string
}

export interface ManagerConfiguration {
  storageLocation: string
  shamanEnabled: boolean
  isFirstRun: boolean
  /** Keys of the file that the Manager reads when it starts, and that have changed since. */
  restart_needed_for?: string[]
}

export interface ConfigurationFile {
  values: JsonObject
  /** What stands for the file as it was then. */
  version: string | null
}

export interface PathCheckResult {
  path: string
  is_usable: boolean
  cause: string
}

export interface BlenderPathCheckResult {
  input: string
  path: string
  source: 'file_association' | 'path_envvar' | 'system_location' | 'input_path' | 'default'
  is_usable: boolean
  cause: string
}

export interface SetupAssistantConfig {
  storageLocation: string
  blenderExecutable: BlenderPathCheckResult
}

export interface FarmStatusReport {
  status: FarmStatus
}

export type JsonObject = { [key: string]: JsonValue }
export type JsonValue = string | number | boolean | null | JsonValue[] | JsonObject

/** Why a thing does nothing until it is tried again, mended or deleted. */
export interface Parked {
  reason: string
  since?: string
}

/** A job's progress as people see it, in frames; of a job that makes none, in tasks. */
export interface FrameCounts {
  total: number
  done: number
  failed: number
  active: number
  are_tasks: boolean
}

export interface Job {
  id: string
  name: string
  type: string
  type_etag?: string
  priority: number
  settings?: Record<string, JsonValue>
  metadata?: Record<string, string>
  submitter_platform: string
  storage?: { shaman_checkout_id?: string }
  worker_tag?: string
  initial_status?: JobStatus
  created: string
  updated: string
  status: JobStatus
  activity: string
  steps_completed: number
  steps_total: number
  frames: FrameCounts
  delete_requested_at?: string
  archived_at?: string
  /** The automatic clean-up spares it. */
  keep?: boolean
  /** What is likely wrong with it, as it looked when it was submitted. */
  warnings?: string[]
  parked?: Parked
}

export interface JobsQueryResult {
  jobs: Job[]
  /** How many there are on all pages, if that was asked for. */
  total?: number
  /** Where the next page begins, if there is one. */
  next?: string
}

export interface JobDeletionInfo {
  /** Whether it has files of its own that could go with it. */
  shaman_checkout: boolean
}

/** What may be done to many jobs at once. */
export type JobChange =
  | { setkeep: { keep: boolean } }
  | { setarchived: { archived: boolean } }
  | { delete: { files: boolean } }

export interface BulkOutcome {
  id: string
  code: number
  /** Why it was refused. */
  message?: string
}

export interface BulkResult {
  outcomes: BulkOutcome[]
}

export interface TaskWorker {
  id: string
  name: string
  address: string
}

export interface TaskSummary {
  id: string
  name: string
  status: TaskStatus
  index_in_job: number
  priority: number
  task_type: string
  updated: string
  worker?: TaskWorker
  steps_completed: number
  steps_total: number
}

export interface JobTasksSummary {
  tasks?: TaskSummary[]
}

export interface Command {
  name: string
  parameters: Record<string, JsonValue>
  total_step_count?: number
}

export interface Task extends TaskSummary {
  created: string
  job_id: string
  activity: string
  commands: Command[]
  last_touched?: string
  warnings?: string[]
  failed_by_workers?: TaskWorker[]
}

export interface Attempt {
  lease: number
  worker: TaskWorker
  started: string
  ended: string
  ending: string
  reason: string
  exit_code?: number
  /** Bytes. */
  peak_memory?: number
}

export interface TaskAttempts {
  attempts?: Attempt[]
}

export interface WaitingReason {
  reason: string
}

export interface TaskLogInfo {
  task_id: string
  job_id: string
  url: string
  size: number
}

export interface JobLastRenderedImageInfo {
  base: string
  suffixes: string[]
}

export interface JobBlocklistEntry {
  worker_id: string
  task_type: string
  worker_name?: string
  reason?: string
  created?: string
}

export interface AvailableJobSetting {
  key: string
  type: 'string' | 'int32' | 'float' | 'bool'
  label?: JsonValue
  description?: JsonValue
  visible?: 'visible' | 'hidden' | 'submission' | 'web'
}

export interface AvailableJobType {
  name: string
  label: string
  description?: string
  settings: AvailableJobSetting[]
  etag: string
  /** Why the type's script cannot be used; then it has no settings. */
  error?: string
}

export interface AvailableJobTypes {
  job_types: AvailableJobType[]
}

export interface WorkerStatusChangeRequest {
  status: WorkerStatus
  is_lazy: boolean
}

export interface WorkerSummary {
  id: string
  name: string
  status: WorkerStatus
  status_change?: WorkerStatusChangeRequest
  last_seen?: string
  version: string
  can_restart: boolean
  parked?: Parked
}

export interface WorkerTask extends TaskSummary {
  job_id: string
}

export interface WorkerTag {
  id: string
  name: string
  description?: string
}

export interface Gpu {
  kind: string
  name: string
  memory_mib: number
  driver: string
}

export interface Software {
  name: string
  version: string
}

/** A task type that a Worker does not take for now. */
export interface Withheld {
  task_type: string
  reason: string
}

export interface Specs {
  memory_mib: number
  cores: number
  gpus: Gpu[]
  software: Software[]
  capabilities: string[]
  withheld: Withheld[]
}

export interface Worker extends WorkerSummary {
  ip_address: string
  platform: string
  supported_task_types: string[]
  task?: WorkerTask
  tags?: WorkerTag[]
  specs?: Specs
}

export interface WorkerSleepSchedule {
  is_active: boolean
  /** Such as "mo tu"; empty: every day. */
  days_of_week: string
  /** HH:MM; empty: the start of the day. */
  start_time: string
  /** HH:MM; empty: the end of the day. Not after `start_time`: on the next day. */
  end_time: string
  /** An IANA name; without it, the Manager's. */
  timezone?: string
  /** When the Worker is to sleep or to wake next; told only. */
  next_change?: string
}

export interface WorkerTagList {
  tags?: WorkerTag[]
}

export interface WorkerList {
  workers: WorkerSummary[]
  total?: number
}
