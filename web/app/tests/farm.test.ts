import { describe, expect, it } from 'vitest'

import type { WorkerSummary, WorkerTask } from '../src/api/types'
import type { JobRow } from '../src/live/reduce'
import { hourly, rate, runningJobs, share, waitNote, workerCounts } from '../src/rules/farm'

function worker(id: string, fields: Partial<WorkerSummary> = {}): WorkerSummary {
  return { id, name: id, status: 'awake', version: '4', can_restart: false, ...fields }
}

function on(job_id: string, status = 'active'): { task: WorkerTask } {
  return { task: { job_id, status } as WorkerTask }
}

function job(id: string, priority = 50): [string, JobRow] {
  return [id, { id, name: id, priority } as JobRow]
}

describe('the farm', () => {
  it('lists the jobs that Workers are on, by how many they are and how urgent they are', () => {
    const jobs = new Map([job('few'), job('many'), job('urgent', 80), job('idle')])
    const workers = [
      worker('a', on('few')), worker('b', on('many')), worker('c', on('many')), worker('d', on('urgent')),
      worker('e', on('idle', 'canceled')), worker('f', on('unknown')), worker('g'),
    ]
    expect(runningJobs(jobs, workers).map(({ job, workers }) => [job.id, workers])).toEqual([
      ['many', 2], ['urgent', 1], ['few', 1],
    ])
  })

  it('counts each Worker once', () => {
    const counts = workerCounts([
      worker('a', on('j')), worker('b'), worker('c', { status: 'starting' }), worker('d', { status: 'asleep' }),
      worker('e', { status: 'offline' }), worker('f', { status: 'error' }), worker('g', { parked: { reason: 'x' } }),
    ])
    expect(counts).toEqual({ working: 1, idle: 2, asleep: 1, away: 3 })
  })

  it.each([[0, '0'], [3 / 168, '<0.1'], [0.1, '0.1'], [0.25, '0.3'], [3.44, '3.4'], [10, '10'], [119.6, '120']])('makes %d frames an hour: %s', (per, text) => {
    expect(rate(per)).toBe(text)
  })

  it.each([[0, '0 wait'], [1, '1 waits'], [2, '2 wait']])('says of %d jobs that wait: %s', (count, text) => {
    expect(waitNote(count)).toBe(text)
  })

  it('is drawn by the hour', () => {
    const hour = { start: '1970-01-01T01:00:00Z', frames: 7, completed: 3, failed: 1, utilisation: 0.456 }
    expect(hourly({ hours: [hour] })).toEqual({ times: [3600], frames: [7], failed: [1], utilisation: [46] })
    expect(share(1)).toBe(100)
  })
})
