/** The task that is looked at: everything about it, and its log as it grows. */

import { shallowReactive } from 'vue'

import { isMissing, type Api } from '../api/client'
import type { EventTaskLogUpdate, EventTaskUpdate } from '../api/events'
import type { Task } from '../api/types'
import { LogFile } from './log-file'
import type { Attempt } from './open-job'
import { taskFields } from './reduce'

export interface OpenTaskState {
  task: Task | null
  /** The Manager knows no such task. */
  missing: boolean
}

export class OpenTask {
  readonly state = shallowReactive<OpenTaskState>({
    task: null,
    missing: false,
  })

  readonly log: LogFile
  private loading = 0

  constructor(
    readonly id: string,
    private readonly api: Api,
    private readonly attempt: Attempt,
  ) {
    this.log = new LogFile(id, api)
  }

  load(): void {
    this.attempt(() => this.loadTask())
    this.attempt(() => this.loadLog())
  }

  close(): void {
    this.log.close()
  }

  onTaskEvent(event: EventTaskUpdate): void {
    if (event.id !== this.id) return
    const { task } = this.state
    if (task !== null) {
      this.state.task = { ...taskFields(task, event), activity: event.activity }
    }
    // An event has neither the time of the last touch nor the Workers that failed the task.
    this.attempt(() => this.loadTask())
  }

  onLogEvent(event: EventTaskLogUpdate): void {
    if (event.task_id !== this.id) return
    this.attempt(() => this.loadLog())
  }

  private async loadTask(): Promise<void> {
    const turn = ++this.loading
    try {
      const task = await this.api.fetchTask(this.id)
      if (turn === this.loading) this.state.task = task
      this.state.missing = false
    } catch (error) {
      if (!isMissing(error)) throw error
      this.state.missing = true
    }
  }

  private async loadLog(): Promise<void> {
    try {
      await this.log.update()
    } catch (error) {
      if (!isMissing(error)) throw error
    }
  }
}
