/** Messages of the live socket `/api/v3/live`; payloads as in the reference (api.md §3 and §5). */

import type {
  Eta,
  FarmStatusReport,
  FrameCounts,
  JobLastRenderedImageInfo,
  JobStatus,
  ListedFrame,
  Parked,
  ShownNotice,
  TaskStatus,
  WorkerStatus,
  WorkerStatusChangeRequest,
  WorkerTag,
  WorkerTask,
} from './types'

export interface EventJobUpdate {
  id: string
  name?: string
  updated: string
  status: JobStatus
  previous_status?: JobStatus
  type: string
  priority: number
  refresh_tasks: boolean
  steps_completed: number
  steps_total: number
  frames: FrameCounts
  approvals: number
  delete_requested_at?: string
  archived_at?: string
  keep?: boolean
  worker_tag?: string
  was_deleted?: boolean
  parked?: Parked
  started?: string
  ended?: string
  eta?: Eta
}

export interface EventTaskUpdate {
  id: string
  job_id: string
  worker?: { name: string; uuid: string }
  name: string
  updated: string
  status: TaskStatus
  previous_status?: TaskStatus
  activity: string
  steps_completed: number
  steps_total: number
}

/** What changed of a frame; what it leaves out has not. */
export type FrameChange = Pick<ListedFrame, 'frame'> & Partial<ListedFrame>

export interface EventFramesUpdate {
  job_id: string
  frames: FrameChange[]
  /** More have changed than are told. */
  refresh: boolean
}

export interface EventTaskLogUpdate {
  task_id: string
  log: string
}

export interface EventLastRenderedUpdate {
  job_id: string
  thumbnail: JobLastRenderedImageInfo
}

export interface EventWorkerUpdate {
  id: string
  name: string
  updated: string
  last_seen?: string
  status: WorkerStatus
  previous_status?: WorkerStatus
  status_change?: WorkerStatusChangeRequest
  version: string
  deleted_at?: string
  can_restart: boolean
  parked?: Parked
  tag_ids?: string[]
  awaits_approval?: boolean
  used_twice?: string
}

/** Without `task`: it holds none any more. */
export interface EventWorkerTask {
  worker_id: string
  task?: WorkerTask
}

export interface EventWorkerTagUpdate {
  tag: WorkerTag
  was_deleted?: boolean
}

export type LiveEvent =
  | { event: '/jobs'; payload: EventJobUpdate }
  | { event: '/task'; payload: EventTaskUpdate }
  | { event: '/tasklog'; payload: EventTaskLogUpdate }
  | { event: '/frames'; payload: EventFramesUpdate }
  | { event: '/last-rendered'; payload: EventLastRenderedUpdate }
  | { event: '/workers'; payload: EventWorkerUpdate }
  | { event: '/workertask'; payload: EventWorkerTask }
  | { event: '/workertags'; payload: EventWorkerTagUpdate }
  | { event: '/notices'; payload: Omit<ShownNotice, 'unread'> }
  | { event: '/status'; payload: FarmStatusReport }
  | { event: '/lifecycle'; payload: { type: 'manager-startup' | 'manager-shutdown' } }
  | { event: '/resync'; payload: { reason: string } }
  | { event: '/alive'; payload: Record<string, never> }

export interface Subscription {
  type:
    | 'allJobs'
    | 'allWorkers'
    | 'job'
    | 'worker'
    | 'tasklog'
    | 'allLastRendered'
    | 'allWorkerTags'
    | 'allNotices'
  uuid?: string
}

export type SubscriptionRequest = Subscription & { op: 'subscribe' | 'unsubscribe' }

/** Everything that was followed before the connection broke, since the last `id` that was seen. */
export interface ResumeRequest {
  op: 'resume'
  after: string
  subscriptions: Subscription[]
}

export type LiveRequest = SubscriptionRequest | ResumeRequest

export type LiveMessage =
  | (LiveEvent & { id?: string })
  | { ok: LiveRequest; id?: string }
  | { error: string; subscription?: SubscriptionRequest }
