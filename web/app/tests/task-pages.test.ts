import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import type { TasksQuery } from '../src/api/client'
import type { TaskSummary } from '../src/api/types'
import { TaskPages } from '../src/live/task-pages'
import { fakeApi, settle, task, taskEvent } from './fakes'

const COUNT = 100_000

describe('the tasks of a large job', () => {
  const status = new Map<string, TaskSummary['status']>()
  const fetchJobTasks = vi.fn((_: string, { skip = 0, limit, count }: TasksQuery) => {
    const length = Math.max(0, Math.min(limit ?? COUNT, COUNT - skip))
    const tasks = Array.from({ length }, (_, at) => `${skip + at}`)
    return Promise.resolve({
      tasks: tasks.map((id) => task(id, { status: status.get(id) ?? 'queued' })),
      ...(count && { total: COUNT, counts: { queued: COUNT } }),
    })
  })
  let pages: TaskPages

  beforeEach(async () => {
    vi.useFakeTimers()
    vi.clearAllMocks()
    status.clear()
    pages = new TaskPages('j', fakeApi({ fetchJobTasks, fetchTask: (id: string) => Promise.resolve(task(id)) }), (load) => void load())
    pages.show({ sort: 'index_in_job' })
    await settle()
  })
  afterEach(() => void vi.useRealTimers())

  const loaded = () => [Math.min(...pages.rows.keys()), Math.max(...pages.rows.keys()), pages.rows.size]

  it('are loaded as they come in sight, and counted once', async () => {
    expect(pages.state).toMatchObject({ total: COUNT, counts: { queued: COUNT } })
    expect(loaded()).toEqual([0, 99, 100])
    pages.see(60_190, 60_220)
    await settle()
    expect(pages.rows.get(60_200)?.id).toBe('60200')
    expect(fetchJobTasks.mock.calls.map(([, { skip, count }]) => [skip, count])).toEqual([
      [0, true], [60_100, false], [60_200, false],
    ])
  })

  it('are forgotten when they are far out of sight', async () => {
    for (let place = 0; place < 10_000; place += 50) {
      pages.see(place, place + 30)
      await settle()
    }
    expect(pages.rows.size).toBeLessThan(2_500)
    pages.see(0, 30)
    await settle()
    expect(pages.rows.get(0)?.id).toBe('0')
  })

  it('change at once where they are known, and what is in sight is asked for again after a while', async () => {
    pages.onTaskEvent(taskEvent('5', { previous_status: 'queued' }))
    pages.onTaskEvent(taskEvent('77777', { previous_status: 'queued' }))
    expect(pages.rows.get(5)?.status).toBe('active')
    status.set('6', 'failed')
    expect(fetchJobTasks).toHaveBeenCalledTimes(1)
    await vi.advanceTimersByTimeAsync(2_000)
    expect(fetchJobTasks).toHaveBeenCalledTimes(2)
    expect(pages.rows.get(6)?.status).toBe('failed')
  })

  it('of an earlier search count no more', async () => {
    let answer: (tasks: unknown) => void = () => undefined
    fetchJobTasks.mockImplementationOnce(() => new Promise((resolve) => (answer = resolve as typeof answer)))
    pages.show({ text: 'a' })
    pages.show({ text: 'ab' })
    await settle()
    answer({ tasks: [task('old')], total: 1, counts: {} })
    await settle()
    expect(pages.state.total).toBe(COUNT)
    expect(pages.rows.get(0)?.id).toBe('0')
  })

  it('are known from one to another, loaded or not', async () => {
    const some = await pages.between(10, 20)
    expect(some.map(({ id }) => id)).toEqual(Array.from({ length: 11 }, (_, at) => `${10 + at}`))
    expect(fetchJobTasks).toHaveBeenCalledTimes(1)
    const many = await pages.between(50, 2_549)
    expect([many.length, many[0]?.id, many.at(-1)?.id]).toEqual([2_500, '50', '2549'])
    expect(fetchJobTasks).toHaveBeenCalledTimes(4)
  })

  it('are held while they are selected, also those that are not loaded', async () => {
    await pages.pick(new Set(['3', '50000']))
    pages.onTaskEvent(taskEvent('50000', { status: 'failed' }))
    expect([...pages.picked.values()].map(({ id, status }) => [id, status])).toEqual([
      ['3', 'queued'], ['50000', 'failed'],
    ])
    await pages.pick(new Set(['3']))
    expect([...pages.picked.keys()]).toEqual(['3'])
  })
})
