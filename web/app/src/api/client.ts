/** The operations of the Manager's HTTP API that this page uses, named as in the reference. */

import createClient from 'openapi-fetch'

import type { paths } from '../../generated/api'
import { accessOperations } from './access'
import { operatorHeaders } from './operator'
import type {
  AvailableJobTypes,
  BlendQuestion,
  ConfigurationFile,
  Job,
  JobBlocklistEntry,
  JobChange,
  JobFrames,
  JobStatus,
  JsonObject,
  ListedFrame,
  SetupAssistantConfig,
  ShownWishes,
  SubmittedJob,
  SubscriptionWanted,
  TaskStatus,
  VideoFormat,
  VideoInTheMaking,
  Worker,
  WorkerChange,
  WorkerSleepSchedule,
  WorkerTagList,
} from './types'

type JobsQuery = NonNullable<paths['/api/v3/jobs']['get']['parameters']['query']>
type FramesQuery = NonNullable<paths['/api/v3/jobs/{job_id}/frames']['get']['parameters']['query']>
export type TasksFilter = Pick<TasksQuery, 'text' | 'status' | 'type' | 'step'>
export type TasksQuery = NonNullable<paths['/api/v3/jobs/{job_id}/tasks']['get']['parameters']['query']>

const TIMEOUT_MS = 20_000
/** What is said of an answer that does not come. */
export const LATE = 'The Manager did not answer in time.'
const PAGE = 1000
const CONFIGURATION = '/api/v3/configuration'
const ACCESS = '/api/v3/access'
const JOIN_TOKENS = '/api/v3/worker-mgt/join-tokens'

/** The Manager refused a request, or could not be reached (`status` 0). */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message)
    this.name = 'ApiError'
  }
}

/** Ids that the Manager does not know, or that cannot be ids, are answered with 404 and 400. */
export function isMissing(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 404 || error.status === 400)
}

/** Whether it may be answered in a moment: the Manager is out of reach, starting, busy or in trouble. */
export function mayPass(error: unknown): boolean {
  const { status } = error instanceof ApiError ? error : { status: 0 }
  return status === 0 || status === 408 || status === 429 || status >= 500
}

async function errorOf(response: Response): Promise<ApiError> {
  const text = await response.text()
  let message = text.slice(0, 300)
  try {
    const body = JSON.parse(text) as { message?: unknown }
    if (typeof body.message === 'string') message = body.message
  } catch {
    // Not every error has a JSON body: proxies and crashes answer in plain text.
  }
  return new ApiError(response.status, message || `The Manager answered ${response.status}.`)
}

export type Fetch = (request: Request) => Promise<Response>

/** What was answered; refusals have been raised by then. */
async function data<T>(answer: Promise<{ data?: T }>): Promise<T> {
  return (await answer).data as T
}

async function dataOrNull<T>(answer: Promise<{ data?: T }>): Promise<NonNullable<T> | null> {
  return (await answer).data ?? null
}

async function done(answer: Promise<unknown>): Promise<void> {
  await answer
}

/** What is done to each of very many takes as long as it takes, and Blender, or a provider of single sign-on, its time: the Manager sets the limit. */
function mayTakeLong(request: Request): boolean {
  return /\/(bulk|facts|finish)$/.test(new URL(request.url).pathname)
}

function inTime(request: Request): Request {
  return new Request(request, { signal: AbortSignal.timeout(TIMEOUT_MS) })
}

/** Reads the body, so that a connection lost in the middle of it is an error of the request. */
async function whole(response: Response): Promise<Response> {
  const body = await response.arrayBuffer()
  return new Response(body.byteLength > 0 ? body : null, response)
}

/** A server may answer with the whole file, or with 416 if there is nothing beyond `from`. */
async function* partsOf(response: Response, from: number): AsyncGenerator<Uint8Array> {
  if (response.status === 416) return
  let ahead = response.status === 206 ? 0 : from
  const reader = response.body?.getReader()
  for (let part = await reader?.read(); part?.value; part = await reader?.read()) {
    if (part.value.length > ahead) yield part.value.subarray(ahead)
    ahead = Math.max(0, ahead - part.value.length)
  }
}

/** What an open farm lets only its operator do: here the token of the link to the settings counts. */
function isForOperators(method: string, path: string): boolean {
  return (
    /\/notices\/(subscriptions|deliveries)|\/audit$/.test(path) ||
    (method !== 'GET' && [CONFIGURATION, JOIN_TOKENS].some((each) => path.startsWith(each)))
  )
}

function connect(
  fetcher: Fetch,
  store: Pick<Storage, 'getItem'> | undefined,
  signedOut: () => void,
) {
  const http = createClient<paths>({
    baseUrl: globalThis.location?.origin ?? 'http://localhost',
    fetch: async (request) =>
      whole(await fetcher(mayTakeLong(request) ? request : inTime(request))),
  })
  http.use({
    onRequest({ request, schemaPath }) {
      if (!isForOperators(request.method, schemaPath)) return
      for (const [name, value] of Object.entries(operatorHeaders(store))) {
        request.headers.set(name, value)
      }
    },
    async onResponse({ response, schemaPath }) {
      if (response.status === 401 && !schemaPath.startsWith(ACCESS)) signedOut()
      if (!response.ok) throw await errorOf(response)
    },
    onError({ error }) {
      const late = error instanceof DOMException && error.name === 'TimeoutError'
      return new ApiError(
        0,
        late ? LATE : 'The Manager cannot be reached.',
      )
    },
  })
  return http
}

export function createApi(
  fetcher: Fetch = (request) => fetch(request),
  store: Pick<Storage, 'getItem'> | undefined = globalThis.sessionStorage,
  signedOut: () => void = () => globalThis.location?.reload(),
) {
  const http = connect(fetcher, store, signedOut)
  const ofJob = (job_id: string) => ({ params: { path: { job_id } } })
  const ofTask = (task_id: string) => ({ params: { path: { task_id } } })
  const ofWorker = (worker_id: string) => ({ params: { path: { worker_id } } })
  const ofSubscription = (subscription_id: string) => ({ params: { path: { subscription_id } } })
  const ofTag = (tag_id: string) => ({ params: { path: { tag_id } } })

  async function getConfigurationFile(): Promise<ConfigurationFile> {
    const { data: values, response } = await http.GET('/api/v3/configuration/file')
    return { values: values as JsonObject, version: response.headers.get('ETag') }
  }

  /** The keys whose change needs a restart of the Manager, these and earlier ones. */
  async function updateConfigurationFile(
    changes: JsonObject,
    version: string | null,
  ): Promise<string[]> {
    const { response } = await http.PUT('/api/v3/configuration/file', {
      params: { header: version === null ? {} : { 'If-Match': version } },
      body: changes,
    })
    const keys = response.headers.get('X-Flamenco-Restart-Needed-For')
    return keys === null ? [] : keys.split(', ')
  }

  async function jobsPage(query: JobsQuery) {
    const page = await data(http.GET('/api/v3/jobs', { params: { query } }))
    return { ...page, jobs: page.jobs as Job[] }
  }

  /** In pages, since there may be very many. */
  async function allJobs(query: JobsQuery): Promise<Job[]> {
    const jobs: Job[] = []
    let after: string | undefined = ''
    while (after !== undefined) {
      const place: { after?: string } = after ? { after } : {}
      const page = await jobsPage({ ...query, limit: PAGE, ...place })
      jobs.push(...page.jobs)
      after = page.next
    }
    return jobs
  }

  /** All frames of a job, or those from one number to another. */
  async function fetchJobFrames(job_id: string, part: { first?: number; last?: number } = {}): Promise<ListedFrame[]> {
    let frames: ListedFrame[] = []
    let after: string | undefined = ''
    while (after !== undefined) {
      const query: FramesQuery = after ? { ...part, after } : part
      const page: JobFrames = await data(
        http.GET('/api/v3/jobs/{job_id}/frames', { params: { path: { job_id }, query } }),
      )
      frames = frames.concat(page.frames)
      after = page.next
    }
    return frames
  }

  /** What there is of a log beyond `from` bytes, as it comes, until `signal` ends it. */
  async function openLog(url: string, from: number, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
    const address = new URL(url, globalThis.location?.origin ?? 'http://localhost')
    const request = new Request(address, { headers: { Range: `bytes=${from}-` }, signal })
    const response = await fetcher(request)
    if (!response.ok && response.status !== 416) throw await errorOf(response)
    return partsOf(response, from)
  }

  return {
    ...accessOperations(http),

    openLog,
    getVersion: () => data(http.GET('/api/v3/version')),
    getConfiguration: () => data(http.GET('/api/v3/configuration')),
    getConfigurationFile,
    updateConfigurationFile,
    checkSharedStoragePath: (path: string) =>
      data(http.POST('/api/v3/configuration/check/shared-storage', { body: { path } })),
    findBlenderExePath: () => data(http.GET('/api/v3/configuration/check/blender')),
    checkBlenderExePath: (path: string) =>
      data(http.POST('/api/v3/configuration/check/blender', { body: { path } })),
    saveSetupAssistantConfig: (body: SetupAssistantConfig) =>
      done(http.POST('/api/v3/configuration/setup-assistant', { body })),
    fetchNotices: (browser: string) =>
      data(http.GET('/api/v3/notices', { params: { query: { browser } } })),
    markNoticesRead: (browser: string, until: string) =>
      done(http.POST('/api/v3/notices/read', { body: { browser, until } })),
    getFarmStatus: () => data(http.GET('/api/v3/status')),
    getJobTypes: async () => (await data(http.GET('/api/v3/jobs/types'))) as unknown as AvailableJobTypes,

    fetchJobs: () => jobsPage({}),
    fetchArchivedJobs: () => allJobs({ archived: true }),
    fetchJobsSince: (created_after: string) => allJobs({ created_after }),
    /** The ids of those that it works on, or has. */
    fetchJobsOfWorker: async (worker: string, archived: boolean) =>
      (await allJobs({ worker, archived })).map(({ id }) => id),
    fetchJob: async (job: string) => (await data(http.GET('/api/v3/jobs/{job_id}', ofJob(job)))) as Job,
    fetchJobTasks: (job: string, query: TasksQuery = {}) =>
      data(http.GET('/api/v3/jobs/{job_id}/tasks', { params: { path: { job_id: job }, query } })),
    fetchJobFrames,
    fetchJobFrameStates: (job: string) => data(http.GET('/api/v3/jobs/{job_id}/frame-states', ofJob(job))),
    /** All pictures that are kept of a frame, the newest attempt last. */
    fetchFramePictures: async (job: string, frame: number) =>
      (
        await data(
          http.GET('/api/v3/jobs/{job_id}/pictures', {
            params: { path: { job_id: job }, query: { frame } },
          }),
        )
      ).pictures,
    /** Of the whole farm, the newest first. */
    fetchNewestPictures: async (limit: number) =>
      (await data(http.GET('/api/v3/pictures', { params: { query: { limit } } }))).pictures,
    /** How far the video of a job's frames is; null once it is there. */
    async askForVideo(job: string, format: VideoFormat, output: string): Promise<VideoInTheMaking | null> {
      const { data: text, response } = await http.GET('/api/v3/jobs/{job_id}/video', {
        params: { path: { job_id: job }, query: { format, output } },
        headers: { Range: 'bytes=0-0' },
        parseAs: 'text',
      })
      return response.status === 202 ? (JSON.parse(text as string) as VideoInTheMaking) : null
    },
    /** Whoever repeats a key gets the job that was made then. */
    submitJob: async (body: SubmittedJob, key: string) =>
      (await data(
        http.POST('/api/v3/jobs', { params: { header: { 'Idempotency-Key': key } }, body }),
      )) as Job,
    /** What the job would come to, with the tasks after a number; it is refused as the job would be. */
    dryRun: (body: SubmittedJob, after = 0) =>
      data(http.POST('/api/v3/jobs/dry-run', { params: { query: { after } }, body })),
    fetchBlendFiles: async (search: string) =>
      (await data(http.GET('/api/v3/blend-files', { params: { query: { search } } }))).files,
    askAboutBlendFile: (body: BlendQuestion) => data(http.POST('/api/v3/blend-files/facts', { body })),
    fetchJobBlocklist: (job: string) =>
      data(http.GET('/api/v3/jobs/{job_id}/blocklist', ofJob(job))),
    removeFromBlocklist: (job: string, { worker_id, task_type }: JobBlocklistEntry) =>
      done(
        http.DELETE('/api/v3/jobs/{job_id}/blocklist', {
          ...ofJob(job),
          body: [{ worker_id, task_type }],
        }),
      ),
    fetchJobLastRenderedInfo: (job: string) =>
      dataOrNull(http.GET('/api/v3/jobs/{job_id}/last-rendered', ofJob(job))),
    fetchGlobalLastRenderedInfo: () => dataOrNull(http.GET('/api/v3/jobs/last-rendered')),
    setJobStatus: (job: string, status: JobStatus, reason: string) =>
      done(
        http.POST('/api/v3/jobs/{job_id}/setstatus', { ...ofJob(job), body: { status, reason } }),
      ),
    setJobPriority: (job: string, priority: number) =>
      done(http.POST('/api/v3/jobs/{job_id}/setpriority', { ...ofJob(job), body: { priority } })),
    whatWouldDeleteDo: (job: string) =>
      data(http.GET('/api/v3/jobs/{job_id}/what-would-delete-do', ofJob(job))),
    changeJobs: (ids: readonly string[], change: JobChange) =>
      data(http.POST('/api/v3/jobs/bulk', { body: { ids: [...ids], ...change } })),
    fetchJobWorkers: async (job: string) =>
      (await data(http.GET('/api/v3/jobs/{job_id}/workers', ofJob(job)))).workers,
    /** The newest attempts; with `before`, the end of one of them, those that ended earlier. */
    fetchJobTimeline: (job: string, before?: string) =>
      data(
        http.GET('/api/v3/jobs/{job_id}/timeline', {
          params: { path: { job_id: job }, query: before === undefined ? {} : { before } },
        }),
      ),
    fetchJobFrameTimes: (job: string) => data(http.GET('/api/v3/jobs/{job_id}/frame-times', ofJob(job))),
    fetchJobSteps: (job: string) => data(http.GET('/api/v3/jobs/{job_id}/steps', ofJob(job))),
    fetchJobHistory: async (job: string) =>
      (await data(http.GET('/api/v3/jobs/{job_id}/history', ofJob(job)))).entries,
    fetchWhyJobWaits: (job: string) =>
      data(http.GET('/api/v3/jobs/{job_id}/why-waiting', ofJob(job))),

    fetchTask: (task: string) => data(http.GET('/api/v3/tasks/{task_id}', ofTask(task))),
    fetchTaskLogInfo: (task: string) =>
      dataOrNull(http.GET('/api/v3/tasks/{task_id}/log', ofTask(task))),
    fetchTaskLogTail: async (task: string) =>
      (await http.GET('/api/v3/tasks/{task_id}/logtail', { ...ofTask(task), parseAs: 'text' }))
        .data ?? '',
    fetchTaskAttempts: (task: string) =>
      data(http.GET('/api/v3/tasks/{task_id}/attempts', ofTask(task))),
    fetchWhyTaskWaits: (task: string) =>
      data(http.GET('/api/v3/tasks/{task_id}/why-waiting', ofTask(task))),
    setTaskStatus: (task: string, status: TaskStatus, reason: string) =>
      done(
        http.POST('/api/v3/tasks/{task_id}/setstatus', {
          ...ofTask(task),
          body: { status, reason },
        }),
      ),

    /** Of a job, all that match. */
    setMatchingTasksStatus: (job: string, filter: TasksFilter, status: TaskStatus, reason: string) =>
      data(http.POST('/api/v3/tasks/bulk', { body: { job, filter: { ...filter }, setstatus: { status, reason } } })),
    setTasksStatus: (ids: readonly string[], status: TaskStatus, reason: string) =>
      data(http.POST('/api/v3/tasks/bulk', { body: { ids: [...ids], setstatus: { status, reason } } })),

    tryJobAgain: (job: string) => done(http.POST('/api/v3/jobs/{job_id}/try-again', ofJob(job))),
    tryWorkerAgain: (worker: string) =>
      done(http.POST('/api/v3/worker-mgt/workers/{worker_id}/try-again', ofWorker(worker))),
    approveWorker: (worker: string) =>
      done(http.POST('/api/v3/worker-mgt/workers/{worker_id}/approve', ofWorker(worker))),
    revokeWorkerCredentials: (worker: string) =>
      done(http.POST('/api/v3/worker-mgt/workers/{worker_id}/revoke-credentials', ofWorker(worker))),

    fetchWorkers: () => data(http.GET('/api/v3/worker-mgt/workers')),
    fetchWorker: async (worker: string) =>
      (await data(
        http.GET('/api/v3/worker-mgt/workers/{worker_id}', ofWorker(worker)),
      )) as Worker,
    fetchWorkerLoad: async (worker: string) =>
      (await data(http.GET('/api/v3/worker-mgt/workers/{worker_id}/load', ofWorker(worker)))).samples,
    /** Attempts that ended before a time, the newest first; without it, the last ones. */
    fetchWorkerHistory: (worker: string, limit: number, before?: string) =>
      data(
        http.GET('/api/v3/worker-mgt/workers/{worker_id}/history', {
          params: { path: { worker_id: worker }, query: { limit, ...(before !== undefined && { before }) } },
        }),
      ),
    changeWorkers: (ids: readonly string[], change: WorkerChange) =>
      data(http.POST('/api/v3/worker-mgt/workers/bulk', { body: { ids: [...ids], ...change } })),
    deleteWorker: (worker: string) =>
      done(http.DELETE('/api/v3/worker-mgt/workers/{worker_id}', ofWorker(worker))),
    setWorkerTags: (worker: string, tag_ids: readonly string[]) =>
      done(
        http.POST('/api/v3/worker-mgt/workers/{worker_id}/settags', {
          ...ofWorker(worker),
          body: { tag_ids: [...tag_ids] },
        }),
      ),
    fetchWorkerSleepSchedule: (worker: string) =>
      dataOrNull(
        http.GET('/api/v3/worker-mgt/workers/{worker_id}/sleep-schedule', ofWorker(worker)),
      ),
    setWorkerSleepSchedule: (worker: string, body: WorkerSleepSchedule) =>
      done(
        http.POST('/api/v3/worker-mgt/workers/{worker_id}/sleep-schedule', {
          ...ofWorker(worker),
          body,
        }),
      ),

    fetchFarmStatistics: (hours: number) =>
      data(http.GET('/api/v3/farm/statistics', { params: { query: { hours } } })),
    /** Those below a path; all if it is empty. */
    fetchActors: (under: string) =>
      data(http.GET('/api/v3/manager/actors', { params: { query: { under } } })),
    /** One that is parked, before its pause is over. */
    tryActorAgain: (path: string) => done(http.POST('/api/v3/manager/actors/try-again', { body: { path } })),

    fetchConnections: () => data(http.GET('/api/v3/manager/connections')),

    fetchSubscriptions: async () => (await data(http.GET('/api/v3/notices/subscriptions'))).subscriptions,
    addSubscription: (body: SubscriptionWanted) =>
      data(http.POST('/api/v3/notices/subscriptions', { body })),
    changeSubscription: (
      subscription: string,
      body: { name: string; address?: string; wishes: ShownWishes },
    ) =>
      done(
        http.PUT('/api/v3/notices/subscriptions/{subscription_id}', { ...ofSubscription(subscription), body }),
      ),
    removeSubscription: (subscription: string) =>
      done(http.DELETE('/api/v3/notices/subscriptions/{subscription_id}', ofSubscription(subscription))),
    fetchPushKey: () => data(http.GET('/api/v3/notices/push-key')),
    testSubscription: (subscription: string) =>
      done(http.POST('/api/v3/notices/subscriptions/{subscription_id}/test', ofSubscription(subscription))),
    previewMessage: (template: string) => data(http.POST('/api/v3/notices/preview', { body: { template } })),
    fetchDeliveries: async () => (await data(http.GET('/api/v3/notices/deliveries'))).deliveries,
    sendDeliveryAgain: (delivery_id: string) =>
      done(http.POST('/api/v3/notices/deliveries/{delivery_id}/again', { params: { path: { delivery_id } } })),

    fetchWorkerTags: async () => (await data(http.GET('/api/v3/worker-mgt/tags'))) as WorkerTagList,
    createWorkerTag: (name: string, description: string) =>
      done(http.POST('/api/v3/worker-mgt/tags', { body: { name, description } })),
    updateWorkerTag: (tag: string, body: { name: string; description?: string }) =>
      done(http.PUT('/api/v3/worker-mgt/tag/{tag_id}', { ...ofTag(tag), body })),
    deleteWorkerTag: (tag: string) =>
      done(http.DELETE('/api/v3/worker-mgt/tag/{tag_id}', ofTag(tag))),
    countWorkersWithTag: async (tag: string) => {
      const query = { tag, limit: 1, count: true }
      return (await data(http.GET('/api/v3/worker-mgt/workers', { params: { query } }))).total ?? 0
    },
    countJobsWithTag: async (tag: string) =>
      (await jobsPage({ tag, limit: 1, count: true })).total ?? 0,
  }
}

export type Api = ReturnType<typeof createApi>
