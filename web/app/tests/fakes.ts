import { vi } from 'vitest'

import type { Api } from '../src/api/client'
import type { EventJobUpdate, EventTaskUpdate, LiveMessage, LiveRequest } from '../src/api/events'
import type { Job, TaskSummary } from '../src/api/types'
import type { SocketLike } from '../src/live/socket'

/** A socket whose other end is the test. */
export class FakeSocket implements SocketLike {
  onopen: (() => void) | null = null
  onclose: (() => void) | null = null
  onmessage: ((message: { data: unknown }) => void) | null = null
  readonly sent: LiveRequest[] = []
  closed = false

  send(text: string): void {
    this.sent.push(JSON.parse(text) as LiveRequest)
  }

  close(): void {
    this.closed = true
  }

  say(message: LiveMessage): void {
    this.onmessage?.({ data: JSON.stringify(message) })
  }

  /** Confirms every request since the last time. */
  confirm(): void {
    for (const request of this.sent.splice(0)) this.say({ ok: request })
  }
}

export class FakeSockets {
  readonly all: FakeSocket[] = []

  open = (): FakeSocket => {
    const socket = new FakeSocket()
    this.all.push(socket)
    return socket
  }

  get last(): FakeSocket {
    return this.all.at(-1)!
  }
}

/** An API whose calls wait until the test answers them. */
export function fakeApi(answers: Partial<Record<keyof Api, unknown>>): Api {
  const api: Record<string, unknown> = {}
  const names: (keyof Api)[] = [
    'getVersion', 'getConfiguration', 'getJobTypes', 'fetchJobs', 'fetchJobsSince', 'fetchArchivedJobs', 'fetchWorkers',
    'fetchJob', 'fetchJobTasks', 'fetchJobFrames', 'fetchJobFrameStates',
    'fetchJobBlocklist', 'fetchJobLastRenderedInfo', 'fetchGlobalLastRenderedInfo', 'fetchTask',
    'fetchTaskLogTail', 'fetchWorker', 'fetchWorkerTags',
    'fetchNotices', 'markNoticesRead', 'setWorkerTags', 'fetchWorkerSleepSchedule', 'setWorkerSleepSchedule',
  ]
  const defaults: Partial<Record<keyof Api, unknown>> = {
    getVersion: { version: '4', shortversion: '4', name: 'Farm', git: '' },
    getConfiguration: { storageLocation: '/farm', shamanEnabled: true, isFirstRun: false },
    getJobTypes: { job_types: [] },
    fetchJobs: { jobs: [] },
    fetchJobsSince: [],
    fetchArchivedJobs: [],
    fetchWorkers: { workers: [] },
    fetchWorkerTags: { tags: [] },
    fetchWorkerSleepSchedule: null,
    fetchJobTasks: { tasks: [] },
    fetchJobFrames: [],
    fetchJobFrameStates: { frames: '', states: '' },
    fetchJobBlocklist: [],
    fetchJobLastRenderedInfo: null,
    fetchGlobalLastRenderedInfo: null,
    fetchTaskLogTail: '',
    fetchNotices: { notices: [], unread: 0 },
  }
  for (const name of names) {
    const answer = answers[name] ?? defaults[name]
    api[name] = typeof answer === 'function' ? answer : vi.fn(() => Promise.resolve(answer))
  }
  return api as unknown as Api
}

/** Lets everything run that waits for promises already settled. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve()
}

export function job(id: string, fields: Partial<Job> = {}): Job {
  return {
    id,
    name: `Job ${id}`,
    type: 'simple-blender-render',
    priority: 50,
    submitter_platform: 'linux',
    settings: {},
    metadata: {},
    created: '2026-03-01T10:00:00Z',
    updated: '2026-03-01T10:00:00Z',
    status: 'queued',
    activity: '',
    steps_completed: 0,
    steps_total: 10,
    frames: { total: 10, done: 0, failed: 0, active: 0, are_tasks: false },
    approvals: 0,
    ...fields,
  }
}

export function jobEvent(id: string, fields: Partial<EventJobUpdate> = {}): EventJobUpdate {
  const { name, type, priority, updated, status, steps_completed, steps_total, frames, approvals } = job(id)
  const base = { id, name, type, priority, updated, status, steps_completed, steps_total, frames, approvals }
  return { ...base, refresh_tasks: false, ...fields }
}

export function task(id: string, fields: Partial<TaskSummary> = {}): TaskSummary {
  return {
    id,
    name: `render-${id}`,
    status: 'queued',
    index_in_job: 1,
    priority: 50,
    task_type: 'blender',
    updated: '2026-03-01T10:00:00Z',
    steps_completed: 0,
    steps_total: 1,
    ...fields,
  }
}

export function taskEvent(id: string, fields: Partial<EventTaskUpdate> = {}): EventTaskUpdate {
  return {
    id,
    job_id: 'j',
    name: `render-${id}`,
    updated: '2026-03-01T10:00:05Z',
    status: 'active',
    activity: '',
    steps_completed: 0,
    steps_total: 1,
    ...fields,
  }
}
