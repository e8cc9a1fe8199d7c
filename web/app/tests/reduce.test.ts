import { describe, expect, it } from 'vitest'

import type { EventJobUpdate, EventWorkerUpdate } from '../src/api/events'
import type { WorkerSummary, WorkerTask } from '../src/api/types'
import { applyJobEvent, applyWorkerEvent, applyWorkerTask, isAnew, type JobRow } from '../src/live/reduce'
import { canAskWorker, WORKER_ACTIONS } from '../src/rules/actions'
import { workerLook } from '../src/rules/status'
import { job } from './fakes'

const EVENT: EventJobUpdate = (({ updated, status, type, priority, steps_completed, steps_total, frames, approvals }) => ({
  id: 'a', refresh_tasks: true, updated, status, type, priority, steps_completed, steps_total, frames, approvals,
}))(job('a'))
const PARKED = { reason: 'it crashed', since: '2026-03-01T10:00:00Z' }

describe('what is parked', () => {
  it('is a job as long as its events say so', () => {
    const jobs = new Map<string, JobRow>([['a', job('a')]])
    applyJobEvent(jobs, { ...EVENT, parked: PARKED })
    expect(jobs.get('a')?.parked).toEqual(PARKED)
    applyJobEvent(jobs, EVENT)
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

describe('when a job is done', () => {
  it('is told as long as its events say so; its owner stays', () => {
    const [started, later] = ['2026-03-01T10:00:00Z', '2026-03-01T11:00:00Z']
    const eta = { earliest: started, likely: later, latest: later }
    const jobs = new Map<string, JobRow>([['a', job('a', { owner: 'anna' })]])
    applyJobEvent(jobs, { ...EVENT, started, eta })
    expect(jobs.get('a')).toMatchObject({ owner: 'anna', started, eta })
    applyJobEvent(jobs, { ...EVENT, started, ended: later })
    expect(jobs.get('a')).toMatchObject({ owner: 'anna', started, ended: later })
    expect(jobs.get('a')?.eta).toBeUndefined()
    applyJobEvent(jobs, EVENT)
    expect(jobs.get('a')?.ended).toBeUndefined()
  })
})

describe('a Worker', () => {
  it('keeps its task and machine, of which events say nothing', () => {
    const specs = { withheld: [] } as unknown as NonNullable<WorkerSummary['specs']>
    const known: WorkerSummary = {
      id: 'w', name: 'anna', status: 'awake', version: '4', can_restart: true,
      running_since: PARKED.since, specs, status_change: { status: 'asleep', is_lazy: true },
    }
    const workers = new Map([['w', known]])
    applyWorkerEvent(workers, {
      id: 'w', name: 'anna', updated: PARKED.since, status: 'asleep', version: '4', can_restart: true,
    })
    const { status_change, ...rest } = known
    expect(workers.get('w')).toEqual({ ...rest, status: 'asleep' })
  })

  it('gets and loses a task, and its tags', () => {
    const event = { id: 'w', name: 'anna', updated: PARKED.since, status: 'awake' as const, version: '4', can_restart: true }
    const workers = new Map<string, WorkerSummary>()
    applyWorkerEvent(workers, { ...event, tag_ids: ['g'] })
    applyWorkerTask(workers, { worker_id: 'w', task: { id: 't', name: 'render-7', frame: 7 } as WorkerTask })
    applyWorkerTask(workers, { worker_id: 'nobody', task: { id: 't' } as WorkerTask })
    expect([...workers.values()].map(({ task, tag_ids }) => [task?.frame, tag_ids])).toEqual([[7, ['g']]])
    applyWorkerEvent(workers, event)
    applyWorkerTask(workers, { worker_id: 'w' })
    expect(workers.get('w')).toEqual({ id: 'w', name: 'anna', status: 'awake', version: '4', can_restart: true })
  })

  it('may have another machine when it was started anew', () => {
    const event = { id: 'w', name: 'anna', updated: PARKED.since, status: 'awake' as const, version: '4', can_restart: true }
    expect(isAnew(undefined, event)).toBe(true)
    expect(isAnew({ ...event, status: 'offline' }, event)).toBe(true)
    expect(isAnew({ ...event, status: 'asleep' }, event)).toBe(false)
  })
})
