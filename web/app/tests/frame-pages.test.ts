import { describe, expect, it, vi } from 'vitest'
import { watchEffect } from 'vue'

import type { FrameStates, ListedFrame } from '../src/api/types'
import { FramePages } from '../src/live/frame-pages'
import { FrameRow } from '../src/rules/frame-row'
import { fakeApi, settle } from './fakes'

describe('the states of frames', () => {
  it('stand at the numbers of their range, which may have gaps and be below zero', () => {
    const row = new FrameRow({ frames: '-2-0,5,8-9', states: 'dDaqfc' })
    expect([...row.numbers]).toEqual([-2, -1, 0, 5, 8, 9])
    expect([-2, 0, 5, 9, 1].map((frame) => row.placeOf(frame))).toEqual([0, 2, 3, 5, -1])
    expect([...row.numbers].map((_, place) => row.stateAt(place))).toEqual([
      'done', 'done', 'active', 'queued', 'failed', 'canceled',
    ])
    expect([row.isWarnedAt(0), row.isWarnedAt(1)]).toEqual([false, true])
    expect(row.notIn('done')).toBe(4)
  })

  it('belong to chunks, or each to a task of its own', () => {
    const chunked = new FrameRow({ frames: '1-3', states: 'qqq', chunks: [2, 1] })
    const apart = new FrameRow({ frames: '1-3', states: 'qqq' })
    const tasks = (row: FrameRow) => [0, 1, 2].map((place) => row.chunkAt(place))
    expect([tasks(chunked), tasks(apart)]).toEqual([[0, 0, 1], [0, 1, 2]])
  })

  it('change by what an event tells, and keep what it does not', () => {
    const row = new FrameRow({ frames: '1-2', states: 'Aq' })
    row.change({ frame: 1, state: 'done' })
    row.change({ frame: 2, warnings: ['x'] })
    row.change({ frame: 9, state: 'done' })
    expect([row.stateAt(0), row.isWarnedAt(0), row.stateAt(1), row.isWarnedAt(1)]).toEqual([
      'done', true, 'queued', true,
    ])
    row.change({ frame: 1, warnings: [] })
    expect(row.isWarnedAt(0)).toBe(false)
  })
})

describe('the frames of a job', () => {
  const listed = (frame: number, fields: Partial<ListedFrame> = {}): ListedFrame => ({
    frame, state: 'queued', task: `t${frame}`, attempt: 0, pictures: [], ...fields,
  })
  const list = async (_: string, { first = 0, last = 0 }) =>
    Array.from({ length: last - first + 1 }, (_, at) => listed(first + at))

  async function opened(states: FrameStates, fetchJobFrames = vi.fn(list)) {
    const api = fakeApi({ fetchJobFrameStates: vi.fn(() => Promise.resolve(states)), fetchJobFrames })
    const pages = new FramePages('j', api, (load) => void load())
    pages.load()
    await settle()
    return { pages, fetchJobFrames }
  }

  it('have details where they are looked at, and no others are asked for', async () => {
    const { pages, fetchJobFrames } = await opened({ frames: '1-100000', states: 'q'.repeat(100_000) })
    expect(fetchJobFrames).not.toHaveBeenCalled()
    expect(pages.at(250)).toMatchObject({ frame: 251, state: 'queued', task: '' })
    pages.see(250, 320)
    pages.see(250, 320)
    await settle()
    expect(fetchJobFrames.mock.calls).toEqual([['j', { first: 201, last: 300 }], ['j', { first: 301, last: 400 }]])
    expect(pages.at(250).task).toBe('t251')
  })

  it('follow what is told, also while they are being asked for', async () => {
    let answer: (frames: ListedFrame[]) => void = () => undefined
    const late = vi.fn(() => new Promise<ListedFrame[]>((resolve) => (answer = resolve)))
    const { pages } = await opened({ frames: '1-2', states: 'qq' }, late)
    pages.see(0, 1)
    pages.onEvent({ job_id: 'j', frames: [{ frame: 2, state: 'done', seconds: 3 }], refresh: false })
    expect(pages.at(1).state).toBe('done')
    answer([listed(1), listed(2)])
    await settle()
    expect(pages.at(1)).toMatchObject({ state: 'done', seconds: 3, task: 't2' })
  })

  it('are asked for again after more has changed than was told', async () => {
    const { pages, fetchJobFrames } = await opened({ frames: '1-2', states: 'qq' })
    pages.see(0, 1)
    await settle()
    pages.onEvent({ job_id: 'j', frames: [], refresh: true })
    await settle()
    pages.see(0, 1)
    expect(fetchJobFrames).toHaveBeenCalledTimes(2)
  })

  it('are forgotten where nobody has looked for the longest', async () => {
    const { pages, fetchJobFrames } = await opened({ frames: '1-5000', states: 'q'.repeat(5000) })
    for (let first = 0; first < 5000; first += 100) pages.see(first, first)
    await settle()
    expect(pages.at(0).task).toBe('')
    expect(pages.at(4999).task).toBe('t5000')
    pages.see(4900, 4999)
    expect(fetchJobFrames).toHaveBeenCalledTimes(50)
  })

  it('are there as long as they are in sight, wherever else somebody looks', async () => {
    const { pages } = await opened({ frames: '1-5000', states: 'q'.repeat(5000) })
    const stop = watchEffect(() => pages.see(0, 0), { flush: 'sync' })
    for (let first = 100; first < 5000; first += 100) pages.see(first, first)
    await settle()
    expect(pages.at(0).task).toBe('t1')
    stop()
  })

  it('name the tasks that make them', async () => {
    const { pages } = await opened({ frames: '1-9', states: 'q'.repeat(9) })
    expect(await pages.makers(3, 4)).toEqual(new Map([[4, 't4'], [5, 't5']]))
  })
})
