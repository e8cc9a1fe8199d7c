import { expect, it } from 'vitest'

import type { JobRow } from '../src/live/reduce'
import { recentJobs } from '../src/rules/wall'

function job(id: string, minute: number, done: number, active = 0): JobRow {
  return { id, updated: `2026-11-30T10:0${minute}:00Z`, frames: { done, active } } as JobRow
}

it('shows the jobs at work and then those that changed last, of those that have something to show', () => {
  const jobs = [job('old', 1, 5), job('empty', 5, 0), job('works', 2, 0, 1), job('worksToo', 0, 3, 1), job('new', 4, 2)]
  expect(recentJobs(jobs, 3).map(({ id }) => id)).toEqual(['works', 'worksToo', 'new'])
})
