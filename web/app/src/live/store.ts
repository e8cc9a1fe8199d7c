/**
 * What the page knows of the farm, kept live. Components read `state` and open what they look at;
 * opening returns the function that closes it again.
 */

import { computed, shallowReactive } from 'vue'

import type { Api } from '../api/client'
import type {
  EventJobUpdate,
  EventWorkerTagUpdate,
  EventWorkerTask,
  EventWorkerUpdate,
  LiveEvent,
} from '../api/events'
import type {
  AvailableJobType,
  FarmStatus,
  FlamencoVersion,
  Job,
  JobLastRenderedImageInfo,
  ManagerConfiguration,
  WorkerSummary,
  WorkerTag,
} from '../api/types'
import { FarmNotices } from './farm-notices'
import { inOrder } from './in-order'
import { OpenJob } from './open-job'
import { OpenTask } from './open-task'
import { OpenWorker } from './open-worker'
import { applyJobEvent, applyTagEvent, applyWorkerEvent, applyWorkerTask, isAnew, replaceAll, type JobRow } from './reduce'
import { Snapshot } from './snapshot'
import { LiveSocket, type SocketLike } from './socket'
import { Soon } from './soon'

/** A rendered image, and when it came: images keep their address when they change. */
export interface RenderedImage {
  info: JobLastRenderedImageInfo
  stamp: number
}

const NEW_MS = 1_000
const AGAIN_MS = 20_000

export interface LiveState {
  farmStatus: FarmStatus
  version: FlamencoVersion | null
  /** Undefined until the Manager was asked; null if it did not answer. */
  configuration: ManagerConfiguration | null | undefined
  jobsLoaded: boolean
  archiveLoaded: boolean
  workersLoaded: boolean
  tagsLoaded: boolean
  openJob: OpenJob | null
  openTask: OpenTask | null
  openWorker: OpenWorker | null
  jobTypes: readonly AvailableJobType[]
  farmImage: RenderedImage | null
}

export interface LiveStoreOptions {
  api: Api
  openSocket: () => SocketLike
  /** Tells the user that something could not be fetched or followed. */
  onTrouble: (message: string) => void
  /** Calls a little later, so that events which come together are drawn together. */
  later: (run: () => void) => void
  /** What stands for this browser. */
  browser: string
  /** The Manager that answers now is of another version than the page was loaded from. */
  onOtherVersion: () => void
}

export function createLiveStore(options: LiveStoreOptions) {
  const { openSocket, onTrouble, later, onOtherVersion } = options
  const waiting: LiveEvent[] = []
  const api = inOrder(options.api, applyWaiting)
  const notices = new FarmNotices(api, options.browser)
  const jobs = shallowReactive(new Map<string, JobRow>())
  const archive = shallowReactive(new Map<string, JobRow>())
  const workers = shallowReactive(new Map<string, WorkerSummary>())
  const tags = shallowReactive(new Map<string, WorkerTag>())
  const state = shallowReactive<LiveState>({
    farmStatus: 'unknown',
    version: null,
    configuration: undefined,
    jobsLoaded: false,
    archiveLoaded: false,
    workersLoaded: false,
    tagsLoaded: false,
    openJob: null,
    openTask: null,
    openWorker: null,
    jobTypes: [],
    farmImage: null,
  })

  const jobsSnapshot = new Snapshot<Job[], EventJobUpdate>(
    (fresh) => replaceAll<JobRow>(jobs, fresh),
    (event) => applyJobEvent(jobs, event),
  )
  const archiveSnapshot = new Snapshot<Job[], EventJobUpdate>(
    (fresh) => replaceAll<JobRow>(archive, fresh),
    (event) => applyJobEvent(archive, event, true),
  )
  const workersSnapshot = new Snapshot<WorkerSummary[], EventWorkerUpdate | EventWorkerTask>(
    (fresh) => replaceAll(workers, fresh),
    (event) => {
      if ('worker_id' in event) applyWorkerTask(workers, event)
      else applyWorkerEvent(workers, event)
    },
  )
  const tagsSnapshot = new Snapshot<WorkerTag[], EventWorkerTagUpdate>(
    (fresh) => replaceAll(tags, fresh),
    (event) => applyTagEvent(tags, event),
  )

  const socket = new LiveSocket({
    open: openSocket,
    onEvent: (event) => {
      if (waiting.push(event) === 1) later(applyWaiting)
    },
    onConnected: (again) => {
      failed = false
      attempt(() => loadVersion(again))
      attempt(loadConfiguration)
    },
    isWhole: () => loading === 0 && !failed,
    onRefused: (message) => onTrouble(`The Manager refused a subscription: ${message}`),
  })

  let loading = 0
  let failed = false

  function attempt(load: () => Promise<void>): void {
    loading += 1
    load()
      .catch(trouble)
      .finally(() => (loading -= 1))
  }

  function trouble(error: unknown): void {
    failed = true
    onTrouble(error instanceof Error ? error.message : String(error))
  }

  async function loadVersion(again: boolean): Promise<void> {
    const before = state.version
    state.version = await api.getVersion()
    if (again && before !== null && before.version !== state.version.version) onOtherVersion()
  }

  async function loadConfiguration(): Promise<void> {
    try {
      state.configuration = await api.getConfiguration()
    } catch (error) {
      state.configuration ??= null
      throw error
    }
  }

  async function loadJobs(): Promise<void> {
    await jobsSnapshot.load(async () => (await api.fetchJobs()).jobs)
    state.jobsLoaded = true
  }

  /** What an event doesn't tell of jobs that are new: a few moments later, for all of them at once. */
  const newJobs = new Soon(() => attempt(loadNewJobs), NEW_MS)

  function lacksSome(): boolean {
    return [...jobs.values()].some(({ created }) => created === undefined)
  }

  async function loadNewJobs(): Promise<void> {
    const newest = [...jobs.values()].reduce((last, { created = '' }) => (created > last ? created : last), '')
    if (!lacksSome()) return
    try {
      for (const { id, created, owner } of newest ? await api.fetchJobsSince(newest) : []) {
        const row = jobs.get(id)
        if (row) jobs.set(id, { ...row, created, ...(owner !== undefined && { owner }) })
      }
      // What came back from the archive is older, and all is after the clock was put back.
      if (lacksSome()) await loadJobs()
    } catch (error) {
      newJobs.ask(AGAIN_MS)
      throw error
    }
  }

  async function loadArchive(): Promise<void> {
    await archiveSnapshot.load(() => api.fetchArchivedJobs())
    state.archiveLoaded = true
  }

  async function loadWorkers(): Promise<void> {
    await workersSnapshot.load(async () => (await api.fetchWorkers()).workers)
    state.workersLoaded = true
  }

  /** What an event doesn't tell of a Worker that has just been started: its machine, and since when it runs. */
  const newWorkers = new Soon(() => attempt(loadWorkers), NEW_MS)

  async function loadTags(): Promise<void> {
    await tagsSnapshot.load(async () => (await api.fetchWorkerTags()).tags ?? [])
    state.tagsLoaded = true
  }

  async function loadFarmImage(): Promise<void> {
    const info = await api.fetchGlobalLastRenderedInfo()
    state.farmImage = info && { info, stamp: Date.now() }
  }

  async function loadJobTypes(): Promise<void> {
    state.jobTypes = (await api.getJobTypes()).job_types
  }

  function applyWaiting(): void {
    for (const event of waiting.splice(0)) {
      try {
        apply(event)
      } catch (error) {
        trouble(error)
      }
    }
  }

  function apply(event: LiveEvent): void {
    switch (event.event) {
      case '/status':
        state.farmStatus = event.payload.status
        break
      case '/jobs':
        if (!event.payload.was_deleted && !jobs.has(event.payload.id)) newJobs.ask()
        jobsSnapshot.event(event.payload)
        if (archiveOpened) archiveSnapshot.event(event.payload)
        state.openJob?.onJobEvent(event.payload)
        break
      case '/task':
        state.openJob?.onTaskEvent(event.payload)
        state.openTask?.onTaskEvent(event.payload)
        break
      case '/frames':
        state.openJob?.onFramesEvent(event.payload)
        break
      case '/tasklog':
        state.openTask?.onLogEvent(event.payload)
        break
      case '/last-rendered':
        state.openJob?.onImageEvent(event.payload)
        if (farmImageFollowers > 0) {
          state.farmImage = { info: event.payload.thumbnail, stamp: Date.now() }
        }
        break
      case '/workers':
        if (!event.payload.deleted_at && isAnew(workers.get(event.payload.id), event.payload)) newWorkers.ask()
        workersSnapshot.event(event.payload)
        state.openWorker?.onWorkerEvent(event.payload)
        break
      case '/workertask':
        workersSnapshot.event(event.payload)
        state.openWorker?.onTaskEvent(event.payload)
        break
      case '/workertags':
        tagsSnapshot.event(event.payload)
        break
      case '/notices':
        notices.onEvent(event.payload)
    }
  }

  let farmImageFollowers = 0
  let archiveOpened = false

  return {
    api: options.api,
    state,
    jobs,
    archive,
    workers,
    tags,
    notices,
    connection: socket.state,
    workerList: computed(() => [...workers.values()]),

    start(): () => void {
      socket.follow({ type: 'allJobs' }, () => {
        attempt(loadJobs)
        if (archiveOpened) attempt(loadArchive)
      })
      socket.follow({ type: 'allWorkers' }, () => attempt(loadWorkers))
      socket.follow({ type: 'allWorkerTags' }, () => attempt(loadTags))
      socket.follow({ type: 'allNotices' }, () => attempt(() => notices.load()))
      socket.start()
      attempt(loadJobTypes)
      return () => socket.stop()
    },

    loadConfiguration,
    loadVersion: () => loadVersion(true),

    retryNow: () => socket.retryNow(),

    /** For what no event tells of; what fails or is being loaded anyway waits for the next time. */
    async refreshWorkers(): Promise<void> {
      if (socket.state.connection !== 'lost' && loading === 0) await loadWorkers().catch(() => undefined)
    },

    /** From now on `archive` is kept live, too. */
    openArchive(): void {
      archiveOpened = true
      if (!state.archiveLoaded) attempt(loadArchive)
    },

    openJob(id: string): () => void {
      const job = new OpenJob(id, api, attempt)
      state.openJob = job
      const unfollow = socket.follow({ type: 'job', uuid: id }, () => job.load())
      return () => {
        unfollow()
        job.close()
        if (state.openJob === job) state.openJob = null
      }
    },

    openTask(id: string): () => void {
      const task = new OpenTask(id, api, attempt)
      state.openTask = task
      const unfollow = socket.follow({ type: 'tasklog', uuid: id }, () => task.load())
      return () => {
        unfollow()
        task.close()
        if (state.openTask === task) state.openTask = null
      }
    },

    openWorker(id: string): () => void {
      const worker = new OpenWorker(id, api, attempt)
      state.openWorker = worker
      const unfollow = socket.follow({ type: 'worker', uuid: id }, () => worker.load())
      return () => {
        unfollow()
        if (state.openWorker === worker) state.openWorker = null
      }
    },

    followFarmImage(): () => void {
      farmImageFollowers += 1
      const unfollow = socket.follow({ type: 'allLastRendered' }, () => attempt(loadFarmImage))
      return () => {
        farmImageFollowers -= 1
        unfollow()
      }
    },
  }
}

export type LiveStore = ReturnType<typeof createLiveStore>
