import { describe, expect, it } from 'vitest'

import type { EventJobUpdate, EventWorkerUpdate } from '../src/api/events'
import type { WorkerSummary } from '../src/api/types'
import { applyJobEvent, applyWorkerEvent, type JobRow } from '../src/live/reduce'
import { canAskWorker, WORKER_ACTIONS } from '../src/rules/actions'
import { workerLook } from '../src/rules/status'
import { job } from './fakes'

const PARKED = { reason: 'it crashed', since: '2026-03-01T10:00:00Z' }

describe('what is parked', () => {
  it('is a job as long as its events say so', () => {
    const jobs = new Map<string, JobRow>([['a', job('a')]])
    const { updated, status, type, priority, steps_completed, steps_total, frames, approvals } =
      job('a')
    const event: EventJobUpdate = {
      id: 'a', refresh_tasks: true, updated, status, type, priority, steps_completed, steps_total, frames,
      approvals,
    }
    applyJobEvent(jobs, { ...event, parked: PARKED })
    expect(jobs.get('a')?.parked).toEqual(PARKED)
    applyJobEvent(jobs, event)
    expect(jobs.get('a')?.parked).toBeUndefined()
  })

  it('is a Worker that nothing is asked of', () => {
    const workers = new Map<string, WorkerSummary>()
    const event: EventWorkerUpdate = {
      id: 'w', name: 'anna', updated: PARKED.since, status: 'awake', version: '4', can_restart: true,
    }
    applyWorkerEvent(workers, { ...event, parked: PARKED })
    const parked = workers.get('w')!
    expect(workerLook(parked).label).toBe('Parked')
    expect(WORKER_ACTIONS.filter((action) => canAskWorker(action, parked))).toEqual([])
    applyWorkerEvent(workers, event)
    expect(workerLook(workers.get('w')!).label).toBe('Awake')
  })
})
