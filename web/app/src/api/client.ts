/** The operations of the Manager's HTTP API that this page uses, named as in the reference. */

import { operatorHeaders } from './operator'
import type {
  AvailableJobTypes,
  BlenderPathCheckResult,
  BulkResult,
  ConfigurationFile,
  FarmStatusReport,
  FlamencoVersion,
  Job,
  JobBlocklistEntry,
  JobChange,
  JobDeletionInfo,
  JobLastRenderedImageInfo,
  JobsQueryResult,
  JobStatus,
  JobTasksSummary,
  JsonObject,
  ManagerConfiguration,
  PathCheckResult,
  SetupAssistantConfig,
  Task,
  TaskAttempts,
  TaskLogInfo,
  TaskStatus,
  WaitingReason,
  Worker,
  WorkerList,
  WorkerSleepSchedule,
  WorkerStatusChangeRequest,
  WorkerTagList,
} from './types'

const TIMEOUT_MS = 20_000
const PAGE = 1000

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

export type Fetch = (url: string, init: RequestInit) => Promise<Response>

export function createApi(
  fetcher: Fetch = (url, init) => fetch(url, init),
  store: Pick<Storage, 'getItem'> | undefined = globalThis.sessionStorage,
) {
  async function call(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Response> {
    const init: RequestInit = { method, signal: AbortSignal.timeout(TIMEOUT_MS) }
    if (body !== undefined) {
      const operator = path.startsWith('configuration/') ? operatorHeaders(store) : {}
      init.headers = { 'Content-Type': 'application/json', ...operator, ...headers }
      init.body = JSON.stringify(body)
    }
    let response: Response
    try {
      response = await fetcher(`/api/v3/${path}`, init)
    } catch (error) {
      const late = error instanceof DOMException && error.name === 'TimeoutError'
      throw new ApiError(0, late ? 'The Manager did not answer in time.' : 'The Manager cannot be reached.')
    }
    if (!response.ok) throw await errorOf(response)
    return response
  }

  async function get<T>(path: string): Promise<T> {
    return (await (await call('GET', path)).json()) as T
  }

  async function getOrNull<T>(path: string): Promise<T | null> {
    const response = await call('GET', path)
    return response.status === 204 ? null : ((await response.json()) as T)
  }

  async function send(method: string, path: string, body?: unknown): Promise<void> {
    await call(method, path, body)
  }

  const post = (path: string, body: unknown) => send('POST', path, body)

  async function ask<T>(path: string, body: unknown): Promise<T> {
    return (await (await call('POST', path, body)).json()) as T
  }

  async function getConfigurationFile(): Promise<ConfigurationFile> {
    const response = await call('GET', 'configuration/file')
    return { values: (await response.json()) as JsonObject, version: response.headers.get('ETag') }
  }

  /** The keys whose change needs a restart of the Manager, these and earlier ones. */
  async function updateConfigurationFile(
    changes: JsonObject,
    version: string | null,
  ): Promise<string[]> {
    const headers = version === null ? {} : { 'If-Match': version }
    const response = await call('PUT', 'configuration/file', changes, headers)
    const keys = response.headers.get('X-Flamenco-Restart-Needed-For')
    return keys === null ? [] : keys.split(', ')
  }

  /** In pages, since an archive only grows. */
  async function fetchArchivedJobs(): Promise<Job[]> {
    const jobs: Job[] = []
    let after: string | undefined = ''
    while (after !== undefined) {
      const place: string = after && `&after=${encodeURIComponent(after)}`
      const page = await get<JobsQueryResult>(`jobs?archived=true&limit=${PAGE}${place}`)
      jobs.push(...page.jobs)
      after = page.next
    }
    return jobs
  }

  return {
    getVersion: () => get<FlamencoVersion>('version'),
    getConfiguration: () => get<ManagerConfiguration>('configuration'),
    getConfigurationFile,
    updateConfigurationFile,
    checkSharedStoragePath: (path: string) =>
      ask<PathCheckResult>('configuration/check/shared-storage', { path }),
    findBlenderExePath: () => get<BlenderPathCheckResult[]>('configuration/check/blender'),
    checkBlenderExePath: (path: string) =>
      ask<BlenderPathCheckResult>('configuration/check/blender', { path }),
    saveSetupAssistantConfig: (answers: SetupAssistantConfig) =>
      post('configuration/setup-assistant', answers),
    getFarmStatus: () => get<FarmStatusReport>('status'),
    getJobTypes: () => get<AvailableJobTypes>('jobs/types'),

    fetchJobs: () => get<JobsQueryResult>('jobs'),
    fetchArchivedJobs,
    fetchJob: (job: string) => get<Job>(`jobs/${job}`),
    fetchJobTasks: (job: string) => get<JobTasksSummary>(`jobs/${job}/tasks`),
    fetchJobBlocklist: (job: string) => get<JobBlocklistEntry[]>(`jobs/${job}/blocklist`),
    removeFromBlocklist: (job: string, { worker_id, task_type }: JobBlocklistEntry) =>
      send('DELETE', `jobs/${job}/blocklist`, [{ worker_id, task_type }]),
    fetchJobLastRenderedInfo: (job: string) =>
      getOrNull<JobLastRenderedImageInfo>(`jobs/${job}/last-rendered`),
    fetchGlobalLastRenderedInfo: () =>
      getOrNull<JobLastRenderedImageInfo>('jobs/last-rendered'),
    setJobStatus: (job: string, status: JobStatus, reason: string) =>
      post(`jobs/${job}/setstatus`, { status, reason }),
    setJobPriority: (job: string, priority: number) =>
      post(`jobs/${job}/setpriority`, { priority }),
    whatWouldDeleteDo: (job: string) => get<JobDeletionInfo>(`jobs/${job}/what-would-delete-do`),
    changeJobs: (ids: readonly string[], change: JobChange) =>
      ask<BulkResult>('jobs/bulk', { ids, ...change }),

    fetchWhyJobWaits: (job: string) => get<WaitingReason>(`jobs/${job}/why-waiting`),

    fetchTask: (task: string) => get<Task>(`tasks/${task}`),
    fetchTaskLogInfo: (task: string) => getOrNull<TaskLogInfo>(`tasks/${task}/log`),
    fetchTaskLogTail: async (task: string) =>
      (await call('GET', `tasks/${task}/logtail`)).text(),
    fetchTaskAttempts: (task: string) => get<TaskAttempts>(`tasks/${task}/attempts`),
    fetchWhyTaskWaits: (task: string) => get<WaitingReason>(`tasks/${task}/why-waiting`),
    setTaskStatus: (task: string, status: TaskStatus, reason: string) =>
      post(`tasks/${task}/setstatus`, { status, reason }),

    tryJobAgain: (job: string) => send('POST', `jobs/${job}/try-again`),
    tryWorkerAgain: (worker: string) => send('POST', `worker-mgt/workers/${worker}/try-again`),

    fetchWorkers: () => get<WorkerList>('worker-mgt/workers'),
    fetchWorker: (worker: string) => get<Worker>(`worker-mgt/workers/${worker}`),
    requestWorkerStatusChange: (worker: string, request: WorkerStatusChangeRequest) =>
      post(`worker-mgt/workers/${worker}/setstatus`, request),
    deleteWorker: (worker: string) => send('DELETE', `worker-mgt/workers/${worker}`),
    setWorkerTags: (worker: string, tag_ids: readonly string[]) =>
      post(`worker-mgt/workers/${worker}/settags`, { tag_ids }),
    fetchWorkerSleepSchedule: (worker: string) =>
      getOrNull<WorkerSleepSchedule>(`worker-mgt/workers/${worker}/sleep-schedule`),
    setWorkerSleepSchedule: (worker: string, schedule: WorkerSleepSchedule) =>
      post(`worker-mgt/workers/${worker}/sleep-schedule`, schedule),

    fetchWorkerTags: () => get<WorkerTagList>('worker-mgt/tags'),
    createWorkerTag: (name: string, description: string) =>
      post('worker-mgt/tags', { name, description }),
    updateWorkerTag: (tag: string, change: { name: string; description?: string }) =>
      send('PUT', `worker-mgt/tag/${tag}`, change),
    deleteWorkerTag: (tag: string) => send('DELETE', `worker-mgt/tag/${tag}`),
    countWorkersWithTag: async (tag: string) =>
      (await get<WorkerList>(`worker-mgt/workers?tag=${tag}&limit=1&count=true`)).total ?? 0,
    countJobsWithTag: async (tag: string) =>
      (await get<JobsQueryResult>(`jobs?tag=${tag}&limit=1&count=true`)).total ?? 0,
  }
}

export type Api = ReturnType<typeof createApi>
