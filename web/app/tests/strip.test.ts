import { describe, expect, it } from 'vitest'

import type { TaskStatus } from '../src/api/types'
import { cellsBetween, partText, rangeName, stripParts, tasksOf, tickPlaces } from '../src/rules/strip'
import { taskCell, taskLabel } from '../src/rules/tasks'
import { task } from './fakes'

function cells(...statuses: TaskStatus[]) {
  return statuses.map((status, index) => taskCell(task(String(index), { status })))
}

describe('the strip of a job', () => {
  it('has a cell for each task where there is room', () => {
    const parts = stripParts(cells('completed', 'failed', 'queued'), 3)
    expect(parts.map(({ shown }) => shown.status)).toEqual(['completed', 'failed', 'queued'])
    expect(partText(parts[1]!, taskLabel)).toBe('render-1: Failed')
  })

  it('shows of several the one that stands out, and counts them', () => {
    const parts = stripParts(cells('completed', 'queued', 'completed', 'completed', 'failed'), 3)
    expect(parts.map(({ shown }) => shown.id)).toEqual(['1', '2', '4'])
    expect(partText(parts[0]!, taskLabel)).toBe('render-0 to render-1: 1 completed, 1 queued')
  })

  it('has no more parts than there is room for', () => {
    const many = cells(...Array<TaskStatus>(1000).fill('queued'))
    expect(stripParts(many, 240).length).toBeLessThanOrEqual(240)
    expect(stripParts(many, 0)).toHaveLength(1)
    expect(stripParts([], 10)).toEqual([])
  })

  it('selects from either end, and nothing once an end is gone', () => {
    const row = cells('queued', 'failed', 'queued', 'completed')
    const ids = (from: string, to: string) => cellsBetween(row, { from, to }).map(({ id }) => id)
    expect(ids('1', '3')).toEqual(['1', '2', '3'])
    expect(ids('3', '1')).toEqual(['1', '2', '3'])
    expect(ids('1', 'gone')).toEqual([])
    expect(rangeName(row.slice(1, 3))).toBe('render-1 to render-2')
  })

  it('names the task of a chunk once', () => {
    const chunk = cells('queued', 'queued', 'queued').map((cell, at) => ({ ...cell, task: at < 2 ? 'a' : 'b' }))
    expect(tasksOf(chunk)).toEqual([
      { id: 'a', name: 'render-0 to render-1', statuses: ['queued', 'queued'] },
      { id: 'b', name: 'render-2', statuses: ['queued'] },
    ])
  })

  it.each([[12, 20, 12], [240, 10, 10], [10_000, 8, 5], [1_000_000, 8, 5], [3, 0, 0], [0, 5, 0]])(
    'writes numbers below %d cells, at most %d: %d',
    (count, most, written) => expect(tickPlaces(count, most)).toHaveLength(written),
  )
})
