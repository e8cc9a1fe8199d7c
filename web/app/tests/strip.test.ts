import { describe, expect, it } from 'vitest'

import type { TaskStatus } from '../src/api/types'
import { partText, rangeName, spanOf, stripParts, tasksOf, tickPlaces, wholeSpan } from '../src/rules/strip'
import { taskCells, taskLabel } from '../src/rules/tasks'
import { task } from './fakes'

function cells(...statuses: TaskStatus[]) {
  return taskCells(statuses.map((status, index) => task(String(index), { status })))
}

describe('the strip of a job', () => {
  it('has a cell for each task where there is room', () => {
    const row = cells('completed', 'failed', 'queued')
    const parts = stripParts(row, wholeSpan(row), 3)
    expect(parts.map(({ shown }) => row.status(shown))).toEqual(['completed', 'failed', 'queued'])
    expect(partText(row, parts[1]!, taskLabel)).toBe('render-1: Failed')
  })

  it('shows of several the one that stands out, and counts them', () => {
    const row = cells('completed', 'queued', 'completed', 'completed', 'failed')
    const parts = stripParts(row, wholeSpan(row), 3)
    expect(parts.map(({ shown }) => shown)).toEqual([1, 2, 4])
    expect(partText(row, parts[0]!, taskLabel)).toBe('render-0 to render-1: 1 completed, 1 queued')
  })

  it('has no more parts than there is room for', () => {
    const many = cells(...Array<TaskStatus>(1000).fill('queued'))
    expect(stripParts(many, wholeSpan(many), 240).length).toBeLessThanOrEqual(240)
    expect(stripParts(many, wholeSpan(many), 0)).toHaveLength(1)
    expect(stripParts(cells(), wholeSpan(cells()), 10)).toEqual([])
  })

  it('selects from either end, and nothing once an end is gone', () => {
    const row = cells('queued', 'failed', 'queued', 'completed')
    expect(spanOf(row, { from: '1', to: '3' })).toEqual({ first: 1, last: 3 })
    expect(spanOf(row, { from: '3', to: '1' })).toEqual({ first: 1, last: 3 })
    expect(spanOf(row, { from: '1', to: 'gone' })).toBeNull()
    expect(rangeName(row, { first: 1, last: 2 })).toBe('render-1 to render-2')
  })

  it('names the task of a chunk once', () => {
    const row = { ...cells('queued', 'queued', 'queued'), task: (place: number) => (place < 2 ? 'a' : 'b') }
    expect(tasksOf(row, wholeSpan(row))).toEqual([
      { task: 'a', first: 0, last: 1, statuses: ['queued', 'queued'] },
      { task: 'b', first: 2, last: 2, statuses: ['queued'] },
    ])
  })

  it.each([[12, 20, 12], [240, 10, 10], [10_000, 8, 5], [1_000_000, 8, 5], [3, 0, 0], [0, 5, 0]])(
    'writes numbers below %d cells, at most %d: %d',
    (count, most, written) => expect(tickPlaces(count, most)).toHaveLength(written),
  )
})
