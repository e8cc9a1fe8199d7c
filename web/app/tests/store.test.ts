import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import { ApiError, type Api } from '../src/api/client'
import type { Job, Worker } from '../src/api/types'
import type { EventJobUpdate } from '../src/api/events'
import { createLiveStore, type LiveStore } from '../src/live/store'
import { fakeApi, FakeSockets, job, jobEvent, settle, task, taskEvent } from './fakes'

const LATER = '2026-03-01T10:00:09Z'

describe('the live store', () => {
  let sockets: FakeSockets
  let store: LiveStore
  const onTrouble = vi.fn()
  const onOtherVersion = vi.fn()

  async function start(
    answers: Partial<Record<keyof Api, unknown>> = {},
    later = (run: () => void) => run(),
  ): Promise<void> {
    sockets = new FakeSockets()
    const api = fakeApi(answers)
    store = createLiveStore({ api, openSocket: sockets.open, later, onTrouble, onOtherVersion, browser: 'mine' })
    store.start()
    sockets.last.onopen?.()
    sockets.last.confirm()
    await settle()
  }

  async function openJob(): Promise<() => void> {
    const close = store.openJob('j')
    sockets.last.confirm()
    await settle()
    return close
  }

  beforeEach(() => vi.clearAllMocks())

  it('asks for the Workers again without a word if that fails', async () => {
    const fetchWorkers = vi.fn(() => Promise.resolve({ workers: [] as Worker[] }))
    await start({ fetchWorkers })
    fetchWorkers.mockRejectedValueOnce(new ApiError(503, 'busy'))
    store.refreshWorkers()
    await settle()
    expect(fetchWorkers).toHaveBeenCalledTimes(2)
    expect(onTrouble).not.toHaveBeenCalled()
  })

  it('applies together what comes together', async () => {
    const runs: (() => void)[] = []
    await start({ fetchJobs: { jobs: [job('a')] } }, (run) => runs.push(run))
    for (const status of ['active', 'paused', 'failed'] as const) {
      sockets.last.say({ event: '/jobs', payload: jobEvent('a', { status, updated: LATER }) })
    }
    expect(store.jobs.get('a')?.status).toBe('queued')
    expect(runs).toHaveLength(1)
    runs[0]?.()
    expect(store.jobs.get('a')?.status).toBe('failed')
    sockets.last.say({ event: '/jobs', payload: jobEvent('a', { was_deleted: true }) })
    expect(runs).toHaveLength(2)
  })

  it('holds the jobs that were fetched, and keeps them up to date', async () => {
    await start({ fetchJobs: { jobs: [job('a'), job('b')] } })
    expect(store.state.jobsLoaded).toBe(true)
    sockets.last.say({ event: '/jobs', payload: jobEvent('a', { status: 'active', updated: LATER }) })
    sockets.last.say({ event: '/jobs', payload: jobEvent('c', { name: 'New' }) })
    sockets.last.say({ event: '/jobs', payload: jobEvent('b', { was_deleted: true }) })
    expect([...store.jobs.values()].map(({ id, name, status }) => [id, name, status])).toEqual([
      ['a', 'Job a', 'active'],
      ['c', 'New', 'queued'],
    ])
  })

  describe('a job that is new', () => {
    beforeEach(() => void vi.useFakeTimers())
    afterEach(() => void vi.useRealTimers())

    async function comes(fetchJobsSince: unknown): Promise<void> {
      const jobs = [job('a'), job('b', { created: '2026-03-01T09:00:00Z' })]
      const fetchJobs = vi.fn(() => Promise.resolve({ jobs }))
      fetchJobs.mockResolvedValueOnce({ jobs: jobs.slice(0, 1) })
      await start({ fetchJobs, fetchJobsSince })
      sockets.last.say({ event: '/jobs', payload: jobEvent('b') })
      await vi.advanceTimersByTimeAsync(1_000)
    }

    it('is known by when it was made, though the clock was put back', async () => {
      await comes([])
      expect(store.jobs.get('b')?.created).toBe('2026-03-01T09:00:00Z')
    })

    it('is asked for again if that failed', async () => {
      const fetchJobsSince = vi.fn(() => Promise.resolve([] as Job[]))
      fetchJobsSince.mockRejectedValueOnce(new ApiError(503, 'busy'))
      await comes(fetchJobsSince)
      expect(store.jobs.get('b')?.created).toBeUndefined()
      await vi.advanceTimersByTimeAsync(20_000)
      expect(store.jobs.get('b')?.created).toBe('2026-03-01T09:00:00Z')
    })
  })

  it('moves a job that is archived to the archive, and back, and forgets it when it is deleted', async () => {
    await start({ fetchJobs: { jobs: [job('a')] }, fetchArchivedJobs: [job('old', { archived_at: LATER })] })
    store.openArchive()
    await settle()
    const listed = () => [[...store.jobs.keys()], [...store.archive.keys()]]
    const say = (fields: Partial<EventJobUpdate>) =>
      sockets.last.say({ event: '/jobs', payload: jobEvent('a', { updated: LATER, ...fields }) })
    expect(listed()).toEqual([['a'], ['old']])
    say({ archived_at: LATER })
    expect(listed()).toEqual([[], ['old', 'a']])
    say({})
    expect(listed()).toEqual([['a'], ['old']])
    say({ archived_at: LATER })
    say({ was_deleted: true })
    expect(listed()).toEqual([[], ['old']])
  })

  it('loads no archive that nobody looks at', async () => {
    const fetchArchivedJobs = vi.fn(() => Promise.resolve([]))
    await start({ fetchArchivedJobs })
    sockets.last.say({ event: '/jobs', payload: jobEvent('a', { archived_at: LATER }) })
    expect(fetchArchivedJobs).not.toHaveBeenCalled()
    expect(store.archive.size).toBe(0)
  })

  it('takes the marks off a job that an event does not name any more', async () => {
    await start({ fetchJob: job('j', { keep: true, archived_at: LATER }) })
    await openJob()
    sockets.last.say({ event: '/jobs', payload: jobEvent('j', { updated: LATER }) })
    const now = store.state.openJob?.state.job
    expect([now?.keep, now?.archived_at]).toEqual([undefined, undefined])
  })

  it('keeps the blocklist of the open job up to date', async () => {
    const entry = { worker_id: 'w', task_type: 'blender' }
    const fetchJobBlocklist = vi.fn().mockResolvedValueOnce([entry]).mockResolvedValueOnce([])
    await start({ fetchJob: job('j'), fetchJobBlocklist })
    await openJob()
    expect(store.state.openJob?.state.blocklist).toEqual([entry])
    sockets.last.say({ event: '/jobs', payload: jobEvent('j', { refresh_tasks: true }) })
    await settle()
    expect(store.state.openJob?.state.blocklist).toEqual([])
  })

  it('keeps an event that arrives while an older answer is on its way', async () => {
    let answer: (jobs: unknown) => void = () => undefined
    await start({ fetchJobs: () => new Promise((resolve) => (answer = resolve)) })
    sockets.last.say({
      event: '/jobs',
      payload: jobEvent('a', { status: 'completed', updated: LATER }),
    })
    answer({ jobs: [job('a', { status: 'active' })] })
    await settle()
    expect(store.jobs.get('a')?.status).toBe('completed')
  })

  it('does not let an older event overtake a newer answer', async () => {
    let answer: (jobs: unknown) => void = () => undefined
    await start({ fetchJobs: () => new Promise((resolve) => (answer = resolve)) })
    sockets.last.say({ event: '/jobs', payload: jobEvent('a', { status: 'active' }) })
    answer({ jobs: [job('a', { status: 'completed', updated: LATER })] })
    await settle()
    expect(store.jobs.get('a')?.status).toBe('completed')
  })

  it('asks after each connection whether the Manager waits to be set up', async () => {
    const answer = { storageLocation: '', shamanEnabled: false, isFirstRun: true }
    const getConfiguration = vi
      .fn()
      .mockRejectedValueOnce(new ApiError(0, 'The Manager cannot be reached.'))
      .mockResolvedValueOnce(answer)
      .mockRejectedValueOnce(new ApiError(0, 'The Manager cannot be reached.'))
    const states = []
    await start({ getConfiguration })
    states.push(store.state.configuration)
    for (let time = 0; time < 2; time++) {
      sockets.last.onclose?.()
      store.retryNow()
      sockets.last.onopen?.()
      await settle()
      states.push(store.state.configuration)
    }
    expect(states).toEqual([null, answer, answer])
  })

  it('forgets, after a reconnection, what is gone meanwhile', async () => {
    const fetchJobs = vi
      .fn()
      .mockResolvedValueOnce({ jobs: [job('a'), job('b')] })
      .mockResolvedValueOnce({ jobs: [job('b')] })
    await start({ fetchJobs })
    sockets.last.onclose?.()
    store.retryNow()
    sockets.last.onopen?.()
    sockets.last.confirm()
    await settle()
    expect([...store.jobs.keys()]).toEqual(['b'])
  })

  it('tells when the Manager comes back in another version', async () => {
    const getVersion = vi
      .fn()
      .mockResolvedValueOnce({ version: '4.0', name: 'Farm' })
      .mockResolvedValueOnce({ version: '4.1', name: 'Farm' })
    await start({ getVersion })
    expect(onOtherVersion).not.toHaveBeenCalled()
    sockets.last.onclose?.()
    store.retryNow()
    sockets.last.onopen?.()
    await settle()
    expect(onOtherVersion).toHaveBeenCalledOnce()
  })

  it('says what could not be fetched', async () => {
    await start({ fetchJobs: () => Promise.reject(new ApiError(503, 'the database is busy')) })
    expect(onTrouble).toHaveBeenCalledWith('the database is busy')
    expect(store.state.jobsLoaded).toBe(false)
  })

  it('follows the farm status and the Workers', async () => {
    await start()
    sockets.last.say({ event: '/status', payload: { status: 'waiting' } })
    const event = { id: 'w', name: 'One', updated: LATER, status: 'awake' as const, version: '4', can_restart: false }
    const asked = { status: 'asleep' as const, is_lazy: true }
    sockets.last.say({ event: '/workers', payload: { ...event, last_seen: LATER, status_change: asked } })
    sockets.last.say({ event: '/workers', payload: { ...event, status: 'asleep' } })
    expect(store.state.farmStatus).toBe('waiting')
    const one = store.workers.get('w')
    expect([one?.status, one?.last_seen, one?.status_change]).toEqual(['asleep', LATER, undefined])
    sockets.last.say({ event: '/workers', payload: { ...event, deleted_at: LATER } })
    expect(store.workers.size).toBe(0)
  })

  it('follows the tags', async () => {
    await start({ fetchWorkerTags: { tags: [{ id: 'g', name: 'gpu' }, { id: 'f', name: 'fast' }] } })
    expect(store.state.tagsLoaded).toBe(true)
    sockets.last.say({ event: '/workertags', payload: { tag: { id: 'g', name: 'cuda' } } })
    sockets.last.say({ event: '/workertags', payload: { tag: { id: 'f', name: '' }, was_deleted: true } })
    expect([...store.tags.values()]).toEqual([{ id: 'g', name: 'cuda' }])
  })

  it('takes the tag from the open job when it is deleted', async () => {
    await start({ fetchJob: job('j', { worker_tag: 'g' }) })
    await openJob()
    expect(store.state.openJob?.state.job?.worker_tag).toBe('g')
    sockets.last.say({ event: '/jobs', payload: jobEvent('j', { updated: LATER }) })
    expect(store.state.openJob?.state.job?.worker_tag).toBeUndefined()
  })

  describe('the open Worker', () => {
    const gpu = { id: 'g', name: 'gpu' }
    const fast = { id: 'f', name: 'fast' }
    const anna = { id: 'w', name: 'anna', status: 'awake', version: '4', can_restart: false, tags: [gpu] } as unknown as Worker
    const event = { id: 'w', name: 'anna', updated: LATER, status: 'awake' as const, version: '4', can_restart: false }

    async function open(answers: Partial<Record<keyof Api, unknown>>): Promise<void> {
      await start({ fetchWorker: anna, ...answers })
      store.openWorker('w')
      sockets.last.confirm()
      await settle()
    }

    const tags = () => store.state.openWorker?.state.worker?.tags

    it('shows a tag as soon as it is given', async () => {
      let answer: () => void = () => undefined
      const setWorkerTags = vi.fn(() => new Promise<void>((resolve) => (answer = resolve)))
      await open({ setWorkerTags })
      const giving = store.state.openWorker?.setTags([gpu, fast])
      expect(tags()).toEqual([gpu, fast])
      expect(setWorkerTags).toHaveBeenCalledWith('w', ['g', 'f'])
      answer()
      await giving
      expect(tags()).toEqual([gpu, fast])
    })

    it('puts back what the Manager refuses', async () => {
      await open({ setWorkerTags: () => Promise.reject(new ApiError(503, 'the disk is full')) })
      await expect(store.state.openWorker?.setTags([])).rejects.toThrow('the disk is full')
      expect(tags()).toEqual([gpu])
    })

    it('has its old sleep schedule again if the Manager refuses a new one', async () => {
      const nights = { is_active: true, days_of_week: '', start_time: '22:00', end_time: '06:00' }
      const setWorkerSleepSchedule = vi
        .fn()
        .mockResolvedValueOnce(undefined)
        .mockRejectedValueOnce(new ApiError(400, 'timezone: expected a name'))
      await open({ fetchWorkerSleepSchedule: nights, setWorkerSleepSchedule })
      const worker = store.state.openWorker
      const off = { ...nights, is_active: false }
      await worker?.setSchedule(off)
      expect(worker?.state.schedule).toEqual(off)
      await expect(worker?.setSchedule({ ...nights, timezone: 'Mars' })).rejects.toThrow('timezone')
      expect(worker?.state.schedule).toEqual(off)
    })

    it('is fetched again when it changes, and not when it is gone', async () => {
      const fetchWorker = vi.fn(() => Promise.resolve(anna))
      await open({ fetchWorker })
      sockets.last.say({ event: '/workers', payload: { ...event, id: 'other' } })
      expect(fetchWorker).toHaveBeenCalledTimes(1)
      sockets.last.say({ event: '/workers', payload: event })
      expect(fetchWorker).toHaveBeenCalledTimes(2)
      sockets.last.say({ event: '/workers', payload: { ...event, deleted_at: LATER } })
      expect(fetchWorker).toHaveBeenCalledTimes(2)
      expect(onTrouble).not.toHaveBeenCalled()
    })
  })

  describe('the tasks of the open job', () => {
    beforeEach(() => void vi.useFakeTimers())
    afterEach(() => void vi.useRealTimers())

    const digest = { tasks: [task('2', { status: 'failed' })], counts: { queued: 99_999, failed: 1 } }
    const frames = { total: 2, done: 0, failed: 0, active: 0, are_tasks: true }

    it('are counted, with the first that failed, and never all loaded', async () => {
      const fetchJobTasks = vi.fn(() => Promise.resolve(digest))
      await start({ fetchJob: job('j'), fetchJobTasks })
      await openJob()
      const state = store.state.openJob?.state
      expect(state?.tasks).toMatchObject({ total: 100_000, counts: { failed: 1 }, failed: { id: '2' } })
      for (const id of ['1', '2', '3']) {
        sockets.last.say({ event: '/task', payload: taskEvent(id, { previous_status: 'queued' }) })
      }
      await vi.advanceTimersByTimeAsync(1_000)
      const counted = ['j', { status: ['failed'], limit: 1, count: true }]
      expect(fetchJobTasks.mock.calls).toEqual([counted, counted])
    })

    it('are the strip of a job that makes no frames', async () => {
      const fetchJobTasks = vi.fn((_: string, query?: object) =>
        Promise.resolve(query ? digest : { tasks: [task('1'), task('2')] }),
      )
      await start({ fetchJob: job('j', { frames }), fetchJobTasks })
      await openJob()
      const open = store.state.openJob
      sockets.last.say({ event: '/task', payload: taskEvent('1', { worker: { uuid: 'w', name: 'One' } }) })
      sockets.last.say({ event: '/task', payload: taskEvent('x', { job_id: 'other' }) })
      expect(open?.stripTasks.get('1')).toMatchObject({ status: 'active', worker: { id: 'w', name: 'One' } })
      expect(open?.stripTasks.size).toBe(2)
      fetchJobTasks.mockClear()
      sockets.last.say({ event: '/jobs', payload: jobEvent('j', { frames, refresh_tasks: true }) })
      expect(fetchJobTasks).toHaveBeenCalledTimes(2)
    })

    it('are no strip if they are too many', async () => {
      const fetchJobTasks = vi.fn(() => Promise.resolve(digest))
      await start({ fetchJob: job('j', { frames: { ...frames, total: 100_000 } }), fetchJobTasks })
      await openJob()
      expect(fetchJobTasks).toHaveBeenCalledOnce()
    })
  })

  it('counts what happens to the open job and its tasks', async () => {
    await start({ fetchJob: job('j'), fetchJobTasks: { tasks: [task('1')] } })
    await openJob()
    const state = store.state.openJob?.state
    sockets.last.say({ event: '/task', payload: taskEvent('1') })
    sockets.last.say({ event: '/task', payload: taskEvent('x', { job_id: 'other' }) })
    sockets.last.say({ event: '/jobs', payload: jobEvent('other') })
    expect(state?.changes).toBe(1)
    sockets.last.say({ event: '/jobs', payload: jobEvent('j') })
    expect(state?.changes).toBe(2)
  })

  it('shows the approval that waits in the place of one that was answered', async () => {
    const waiting = (id: string) => job('j', { approvals: 1, waiting_approvals: [{ id, name: id }] })
    const fetchJob = vi.fn(() => Promise.resolve(waiting('2')))
    fetchJob.mockResolvedValueOnce(waiting('1'))
    await start({ fetchJob, fetchJobTasks: { tasks: [task('1'), task('2'), task('3')] } })
    await openJob()
    const shown = () => store.state.openJob?.state.job?.waiting_approvals?.map(({ id }) => id)
    sockets.last.say({ event: '/task', payload: taskEvent('3', { status: 'completed' }) })
    sockets.last.say({ event: '/task', payload: taskEvent('1', { status: 'soft-failed' }) })
    await settle()
    expect(shown()).toEqual(['1'])
    expect(fetchJob).toHaveBeenCalledTimes(1)
    sockets.last.say({ event: '/task', payload: taskEvent('1', { status: 'completed' }) })
    await settle()
    expect(shown()).toEqual(['2'])
  })

  it('shows the newest image of the open job, each time under another address', async () => {
    await start({ fetchJob: job('j') })
    await openJob()
    expect(store.state.openJob?.state.image).toBeNull()
    const thumbnail = { base: '/job-files/j', suffixes: ['last-rendered.jpg'] }
    sockets.last.say({ event: '/last-rendered', payload: { job_id: 'j', thumbnail } })
    expect(store.state.openJob?.state.image?.info).toEqual(thumbnail)
  })

  it('knows that a job is missing without calling it trouble', async () => {
    await start({ fetchJob: () => Promise.reject(new ApiError(404, 'no such job')) })
    const close = await openJob()
    expect(store.state.openJob?.state.missing).toBe(true)
    expect(onTrouble).not.toHaveBeenCalled()
    close()
    expect(store.state.openJob).toBeNull()
  })

  it('applies the events that came with one it cannot apply, and says so', async () => {
    let draw: () => void = () => undefined
    await start({ fetchJobs: { jobs: [job('a')] } }, (run) => (draw = run))
    sockets.last.say({ event: '/status', payload: null as never })
    sockets.last.say({ event: '/jobs', payload: jobEvent('a', { status: 'failed', updated: LATER }) })
    draw()
    expect(store.jobs.get('a')?.status).toBe('failed')
    expect(onTrouble).toHaveBeenCalledOnce()
  })
})
