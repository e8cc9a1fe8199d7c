import { describe, expect, it } from 'vitest'

import { lastLines, needsSomebody } from '../src/rules/needs'
import { farmLook, jobLook, type FarmFacts } from '../src/rules/status'
import { job } from './fakes'

describe('what needs a person', () => {
  it('is a job that failed, is parked or waits for a yes or no', () => {
    expect(needsSomebody(job('a'))).toBe(false)
    expect(needsSomebody(job('a', { status: 'failed' }))).toBe(true)
    expect(needsSomebody(job('a', { parked: { reason: 'broken' } }))).toBe(true)
    expect(needsSomebody(job('a', { status: 'active', approvals: 1 }))).toBe(true)
  })

  it('is no job that is being deleted', () => {
    const deleted = job('a', { status: 'failed', delete_requested_at: '2026-03-01T10:00:00Z' })
    expect(needsSomebody(deleted)).toBe(false)
  })

  it('stands in the list as the status of the job', () => {
    expect(jobLook(job('a', { approvals: 2 })).label).toBe('To approve')
    expect(jobLook(job('a')).label).toBe('Queued')
  })

  it('shows the end of a log without its empty lines', () => {
    expect(lastLines('one\ntwo\nthree\n\n', 2)).toBe('two\nthree')
  })
})

describe('the status of the farm', () => {
  const facts: FarmFacts = { status: 'active', workers: 2, busy: true, offline: false }

  it.each<[Partial<FarmFacts>, string]>([
    [{}, 'Workers are rendering.'],
    [{ busy: false }, 'A job has begun, but no Worker is on it at the moment.'],
    [{ status: 'inoperative', workers: 0 }, 'No Worker has joined yet.'],
    [{ status: 'inoperative' }, 'No Worker can work: all are offline or in error.'],
    [{ offline: true }, 'The Manager is out of reach: nobody knows how the farm is.'],
  ])('with %o says %s', (change, explanation) => {
    expect(farmLook({ ...facts, ...change }).explanation).toBe(explanation)
  })
})
