import { describe, expect, it } from 'vitest'

import type { TaskStatus } from '../src/api/types'
import { partText, stripParts } from '../src/rules/strip'
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
})
