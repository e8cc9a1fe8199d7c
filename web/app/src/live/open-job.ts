/** The job that is looked at: everything about it, with its tasks and newest image. */

import { shallowReactive } from 'vue'

import { isMissing, type Api } from '../api/client'
import type {
  EventFramesUpdate,
  EventJobUpdate,
  EventLastRenderedUpdate,
  EventTaskUpdate,
} from '../api/events'
import type { Job, JobBlocklistEntry, ListedFrame, TaskSummary } from '../api/types'
import { changedFrame } from '../rules/frames'
import { APPROVABLE } from '../rules/verdicts'
import { applyTaskEvent, jobFields, replaceAll } from './reduce'
import { Snapshot } from './snapshot'
import type { RenderedImage } from './store'

export type Attempt = (load: () => Promise<void>) => void

export interface OpenJobState {
  job: Job | null
  /** Number of events about it or one of its tasks: what is asked for besides may be out of date. */
  changes: number
  /** The Manager knows no such job, or it was deleted. */
  missing: boolean
  tasksLoaded: boolean
  image: RenderedImage | null
  imageLoaded: boolean
  blocklist: readonly JobBlocklistEntry[]
}

export class OpenJob {
  readonly tasks = shallowReactive(new Map<string, TaskSummary>())
  readonly frames = shallowReactive(new Map<number, ListedFrame>())
  readonly state = shallowReactive<OpenJobState>({
    job: null,
    changes: 0,
    missing: false,
    tasksLoaded: false,
    image: null,
    imageLoaded: false,
    blocklist: [],
  })

  private readonly jobSnapshot = new Snapshot<Job, EventJobUpdate>(
    (job) => (this.state.job = job),
    (event) => this.applyJob(event),
  )
  private readonly tasksSnapshot = new Snapshot<TaskSummary[], EventTaskUpdate>(
    (fresh) => replaceAll(this.tasks, fresh),
    (event) => applyTaskEvent(this.tasks, event),
  )

  private readonly framesSnapshot = new Snapshot<ListedFrame[], EventFramesUpdate>(
    (fresh) => {
      this.frames.clear()
      for (const each of fresh) this.frames.set(each.frame, each)
    },
    (event) => this.applyFrames(event),
  )

  constructor(
    readonly id: string,
    private readonly api: Api,
    private readonly attempt: Attempt,
  ) {}

  load(): void {
    this.attempt(() => this.loadJob())
    this.attempt(() => this.loadTasks())
    this.attempt(() => this.loadFrames())
    this.attempt(() => this.loadImage())
    this.attempt(() => this.loadBlocklist())
  }

  onJobEvent(event: EventJobUpdate): void {
    if (event.id !== this.id) return
    this.state.changes += 1
    if (event.was_deleted === true) {
      this.state.missing = true
      return
    }
    const before = this.state.job
    this.jobSnapshot.event(event)
    if (event.refresh_tasks) {
      this.attempt(() => this.loadTasks())
      this.attempt(() => this.loadBlocklist())
    }
    // A job event has no activity text, and says how many approvals wait, but not which.
    if (event.status !== before?.status || event.approvals !== before.approvals) this.attempt(() => this.loadJob())
  }

  onTaskEvent(event: EventTaskUpdate): void {
    if (event.job_id !== this.id) return
    this.state.changes += 1
    const known = this.tasks.has(event.id)
    this.tasksSnapshot.event(event)
    if (!known && this.state.tasksLoaded) this.attempt(() => this.loadTasks())
    // Another may wait in its place, and then the number of approvals is the same.
    if (this.waitedFor(event.id) && !APPROVABLE.includes(event.status)) this.attempt(() => this.loadJob())
    if (event.status === 'soft-failed' || event.status === 'failed') {
      this.attempt(() => this.loadBlocklist())
    }
  }

  onFramesEvent(event: EventFramesUpdate): void {
    if (event.job_id !== this.id) return
    this.framesSnapshot.event(event)
    if (event.refresh) this.attempt(() => this.loadFrames())
  }

  onImageEvent(event: EventLastRenderedUpdate): void {
    if (event.job_id !== this.id) return
    this.state.image = { info: event.thumbnail, stamp: Date.now() }
    this.state.imageLoaded = true
  }

  private waitedFor(taskId: string): boolean {
    return this.state.job?.waiting_approvals?.some(({ id }) => id === taskId) ?? false
  }

  private applyJob(event: EventJobUpdate): void {
    const { job } = this.state
    if (job !== null && Date.parse(event.updated) >= Date.parse(job.updated)) {
      this.state.job = jobFields(job, event)
    }
  }

  private async loadJob(): Promise<void> {
    try {
      await this.jobSnapshot.load(() => this.api.fetchJob(this.id))
      this.state.missing = false
    } catch (error) {
      if (!isMissing(error)) throw error
      this.state.missing = true
    }
  }

  private async loadTasks(): Promise<void> {
    await this.orMissing(() =>
      this.tasksSnapshot.load(async () => (await this.api.fetchJobTasks(this.id)).tasks ?? []),
    )
    this.state.tasksLoaded = true
  }

  private applyFrames({ frames }: EventFramesUpdate): void {
    for (const change of frames) {
      const known = this.frames.get(change.frame)
      if (known) this.frames.set(change.frame, changedFrame(known, change))
    }
  }

  private async loadFrames(): Promise<void> {
    await this.orMissing(() => this.framesSnapshot.load(() => this.api.fetchJobFrames(this.id)))
  }

  private async loadImage(): Promise<void> {
    const asked = Date.now()
    await this.orMissing(async () => {
      const info = await this.api.fetchJobLastRenderedInfo(this.id)
      const newer = this.state.image !== null && this.state.image.stamp > asked
      if (!newer) this.state.image = info && { info, stamp: Date.now() }
    })
    this.state.imageLoaded = true
  }

  private async loadBlocklist(): Promise<void> {
    await this.orMissing(async () => {
      this.state.blocklist = await this.api.fetchJobBlocklist(this.id)
    })
  }

  /** That the job is missing is said once, by loadJob. */
  private async orMissing(load: () => Promise<void>): Promise<void> {
    try {
      await load()
    } catch (error) {
      if (!isMissing(error)) throw error
    }
  }
}
