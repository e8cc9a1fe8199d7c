/** The Worker that is looked at: everything about it, and when it is to sleep. */

import { shallowReactive } from 'vue'

import { isMissing, type Api } from '../api/client'
import type { EventWorkerTask, EventWorkerUpdate } from '../api/events'
import type { Worker, WorkerSleepSchedule, WorkerTag } from '../api/types'
import type { Attempt } from './open-job'

export interface OpenWorkerState {
  worker: Worker | null
  /** Null: there is none. */
  schedule: WorkerSleepSchedule | null
  scheduleLoaded: boolean
}

export class OpenWorker {
  readonly state = shallowReactive<OpenWorkerState>({
    worker: null,
    schedule: null,
    scheduleLoaded: false,
  })

  private loading = 0

  constructor(
    readonly id: string,
    private readonly api: Api,
    private readonly attempt: Attempt,
  ) {}

  load(): void {
    this.attempt(() => this.loadAll())
  }

  /** An event has nothing but what the table shows. */
  onWorkerEvent(event: EventWorkerUpdate): void {
    if (event.id === this.id && event.deleted_at === undefined) this.load()
  }

  onTaskEvent({ worker_id, task }: EventWorkerTask): void {
    const { worker } = this.state
    if (worker === null || worker_id !== this.id) return
    // Without one, what it did last stays on show.
    if (task) this.state.worker = { ...worker, task }
    else this.load()
  }

  /** Shown at once, and put back if it can't be stored; then it raises. */
  async setTags(tags: WorkerTag[]): Promise<void> {
    const before = this.state.worker?.tags ?? []
    this.showTags(tags)
    try {
      await this.api.setWorkerTags(
        this.id,
        tags.map(({ id }) => id),
      )
    } catch (error) {
      this.showTags(before)
      throw error
    }
  }

  /** As setTags. */
  async setSchedule(schedule: WorkerSleepSchedule): Promise<void> {
    const before = this.state.schedule
    this.state.schedule = schedule
    try {
      await this.api.setWorkerSleepSchedule(this.id, schedule)
    } catch (error) {
      this.state.schedule = before
      throw error
    }
  }

  private showTags(tags: WorkerTag[]): void {
    if (this.state.worker !== null) this.state.worker = { ...this.state.worker, tags }
  }

  private async loadAll(): Promise<void> {
    const turn = ++this.loading
    try {
      const [worker, schedule] = await Promise.all([
        this.api.fetchWorker(this.id),
        this.api.fetchWorkerSleepSchedule(this.id),
      ])
      if (turn === this.loading) Object.assign(this.state, { worker, schedule, scheduleLoaded: true })
    } catch (error) {
      if (!isMissing(error)) throw error
    }
  }
}
