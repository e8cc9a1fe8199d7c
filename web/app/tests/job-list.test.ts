import { describe, expect, it } from 'vitest'

import { choices, hasFailed, inStatus, matching, type JobFilter } from '../src/rules/job-list'
import { isSame, viewOf, withView } from '../src/rules/views'
import { job } from './fakes'

const ANY: JobFilter = { text: '', type: '', owner: '', tag: '', since: '', ofWorker: null }
const NOW = Date.parse('2026-03-10T12:00:00Z')

const jobs = [
  job('aaaaaaaa', { name: 'Shot 10', type: 'render', owner: 'anna', updated: '2026-03-10T11:30:00Z' }),
  job('bbbbbbbb', { name: 'Shot 20', type: 'render', owner: 'kim', updated: '2026-03-09T13:00:00Z', worker_tag: 'gpu' }),
  job('cccccccc', { name: 'Walk', type: 'video', updated: '2026-03-01T12:00:00Z', status: 'failed' }),
]

function found(filter: Partial<JobFilter>): string[] {
  return matching(jobs, { ...ANY, ...filter }, NOW).map(({ id }) => id[0]!)
}

describe('the list of jobs', () => {
  it.each([
    [{}, ['a', 'b', 'c']],
    [{ text: 'SHOT anna' }, ['a']],
    [{ text: 'bbbbbb' }, ['b']],
    [{ text: 'bbb' }, []],
    [{ type: 'video' }, ['c']],
    [{ owner: 'kim' }, ['b']],
    [{ tag: 'gpu' }, ['b']],
    [{ since: 'hour' }, ['a']],
    [{ since: 'day' }, ['a', 'b']],
    [{ since: 'nonsense' }, ['a', 'b', 'c']],
    [{ ofWorker: new Set(['cccccccc']) }, ['c']],
  ])('shows with %j those that match', (filter, expected) => {
    expect(found(filter)).toEqual(expected)
  })

  it('shows those in the statuses chosen, or that need a person', () => {
    expect(inStatus(jobs, new Set(), false)).toEqual(jobs)
    expect(inStatus(jobs, new Set(['queued']), false)).toHaveLength(2)
    expect(inStatus(jobs, new Set(), true)).toEqual([jobs[2]])
  })

  it('offers each value once, in order', () => {
    expect(choices(['kim', '', 'anna', 'kim'])).toEqual(['anna', 'kim'])
  })

  it('can requeue what failed of a job that failed, or goes on without it', () => {
    const frames = { total: 2, done: 1, active: 0, failed: 1, are_tasks: false }
    expect(hasFailed(job('a', { status: 'failed' }))).toBe(true)
    expect(hasFailed(job('a', { status: 'active', frames }))).toBe(true)
    expect(hasFailed(job('a'))).toBe(false)
    expect(hasFailed(job('a', { status: 'failed', parked: { reason: 'broken' } }))).toBe(false)
  })
})

describe('a saved view', () => {
  it('has what the list goes by, and not what is open in it', () => {
    const query = { q: 'shot', status: '', owner: 'anna', tab: 'tasks', frame: '3', line: '7', wrap: 'yes', selected: 'a,b', 'task-sort': 'name' }
    expect(viewOf(query)).toEqual({ owner: 'anna', q: 'shot' })
    expect(isSame({ q: 'shot', owner: 'anna' }, { owner: 'anna', q: 'shot', tab: 'tasks' })).toBe(true)
  })

  it('takes the place of another of its name', () => {
    const views = withView([{ name: 'b', query: { q: 'x' } }], { name: 'a', query: {} })
    expect(views.map(({ name }) => name)).toEqual(['a', 'b'])
    expect(withView(views, { name: 'b', query: { q: 'y' } })[1]?.query).toEqual({ q: 'y' })
  })
})
