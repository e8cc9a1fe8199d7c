/** The job that is looked at: everything about it, with its tasks and newest image. */

import { shallowReactive } from 'vue'

import { isMissing, type Api } from '../api/client'
import type {
  EventFramesUpdate,
  EventJobUpdate,
  EventLastRenderedUpdate,
  EventTaskUpdate,
} from '../api/events'
import type { Job, JobBlocklistEntry, TaskSummary } from '../api/types'
import { APPROVABLE } from '../rules/verdicts'
import { FramePages } from './frame-pages'
import { applyTaskEvent, jobFields, replaceAll } from './reduce'
import { Snapshot } from './snapshot'
import { Soon } from './soon'
import type { RenderedImage } from './store'
import { TaskPages, type TaskCounts } from './task-pages'

const RECOUNT_MS = 1_000
const MOST_IN_STRIP = 10_000

export type Attempt = (load: () => Promise<void>) => void

export interface TasksDigest {
  total: number
  counts: TaskCounts
  failed: TaskSummary | null
}

export interface OpenJobState {
  job: Job | null
  /** Number of events about it or one of its tasks: what is asked for besides may be out of date. */
  changes: number
  /** The Manager knows no such job, or it was deleted. */
  missing: boolean
  /** How many tasks it has in each status, and the first that failed; null until they are counted. */
  tasks: TasksDigest | null
  image: RenderedImage | null
  imageLoaded: boolean
  blocklist: readonly JobBlocklistEntry[]
}

export class OpenJob {
  /** All tasks of a job that makes no frames, unless they are too many for a strip. */
  readonly stripTasks = shallowReactive(new Map<string, TaskSummary>())
  readonly state = shallowReactive<OpenJobState>({
    job: null,
    changes: 0,
    missing: false,
    tasks: null,
    image: null,
    imageLoaded: false,
    blocklist: [],
  })

  private readonly jobSnapshot = new Snapshot<Job, EventJobUpdate>(
    (job) => (this.state.job = job),
    (event) => this.applyJob(event),
  )
  private readonly tasksSnapshot = new Snapshot<TaskSummary[], EventTaskUpdate>(
    (fresh) => replaceAll(this.stripTasks, fresh),
    (event) => applyTaskEvent(this.stripTasks, event),
  )

  readonly frames: FramePages
  readonly pages: TaskPages
  private readonly recount = new Soon(() => this.attempt(() => this.loadTasks()), RECOUNT_MS)

  constructor(
    readonly id: string,
    private readonly api: Api,
    private readonly attempt: Attempt,
  ) {
    this.frames = new FramePages(id, api, attempt)
    this.pages = new TaskPages(id, api, attempt)
  }

  load(): void {
    this.attempt(async () => {
      await this.loadJob()
      await this.loadStripTasks()
    })
    this.attempt(() => this.loadTasks())
    this.pages.refresh()
    this.frames.load()
    this.attempt(() => this.loadImage())
    this.attempt(() => this.loadBlocklist())
  }

  close(): void {
    this.recount.stop()
    this.pages.hide()
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
      this.attempt(() => this.loadStripTasks())
      this.pages.refresh()
      this.attempt(() => this.loadBlocklist())
    }
    // A job event has no activity text, and says how many approvals wait, but not which.
    if (event.status !== before?.status || event.approvals !== before.approvals) this.attempt(() => this.loadJob())
  }

  onTaskEvent(event: EventTaskUpdate): void {
    if (event.job_id !== this.id) return
    this.state.changes += 1
    this.tasksSnapshot.event(event)
    this.pages.onTaskEvent(event)
    if (event.previous_status !== undefined) this.recount.ask()
    // Another may wait in its place, and then the number of approvals is the same.
    if (this.waitedFor(event.id) && !APPROVABLE.includes(event.status)) this.attempt(() => this.loadJob())
    if (event.status === 'soft-failed' || event.status === 'failed') {
      this.attempt(() => this.loadBlocklist())
    }
  }

  onFramesEvent(event: EventFramesUpdate): void {
    if (event.job_id === this.id) this.frames.onEvent(event)
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
    await this.orMissing(async () => {
      const first = { status: ['failed' as const], limit: 1, count: true }
      const { tasks, counts = {} } = await this.api.fetchJobTasks(this.id, first)
      const total = Object.values(counts).reduce((sum, count) => sum + count, 0)
      this.state.tasks = { total, counts, failed: tasks?.[0] ?? null }
    })
  }

  private async loadStripTasks(): Promise<void> {
    const frames = this.state.job?.frames
    if (!frames?.are_tasks || frames.total > MOST_IN_STRIP) return
    await this.orMissing(() =>
      this.tasksSnapshot.load(async () => (await this.api.fetchJobTasks(this.id)).tasks ?? []),
    )
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
