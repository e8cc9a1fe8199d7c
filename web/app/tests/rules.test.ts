import { describe, expect, it } from 'vitest'

import type { Job, TaskStatus, WorkerSummary } from '../src/api/types'
import { applicable, canAskWorker, JOB_ACTIONS, taskActions, WORKER_ACTIONS } from '../src/rules/actions'
import { age, megabytes, nameList, percent, plural, sentence, shortAge } from '../src/rules/format'
import { mayWait, shownSettings, thumbnail } from '../src/rules/jobs'
import { removalOf } from '../src/rules/removal'
import { nextOrder, sortRows } from '../src/rules/sort'
import { progressParts, progressText } from '../src/rules/frames'
import { countByStatus, JOB_STATUS, TASK_STATUS } from '../src/rules/status'
import { deletionOf } from '../src/rules/tags'
import { verdicts } from '../src/rules/verdicts'

function worker(status: WorkerSummary['status'], fields: Partial<WorkerSummary> = {}): WorkerSummary {
  return { id: 'w', name: 'w', status, version: '4', can_restart: false, ...fields }
}

describe('status actions', () => {
  it.each([
    ['pause', ['active', 'queued']],
    ['cancel', ['active', 'failed', 'pause-requested', 'paused', 'queued']],
    ['requeue', ['canceled', 'completed', 'failed', 'paused']],
  ])('lets jobs be asked to %s in the statuses of the reference', (key, statuses) => {
    const action = JOB_ACTIONS.find((candidate) => candidate.key === key)
    const jobs = (Object.keys(JOB_STATUS) as (keyof typeof JOB_STATUS)[]).map((status) => ({ status }))
    expect(action && applicable(action, jobs).map(({ status }) => status).sort()).toEqual(statuses)
  })

  it.each([
    ['cancel', ['active', 'queued', 'soft-failed']],
    ['requeue', ['canceled', 'completed', 'failed']],
  ])('lets tasks be asked to %s in the statuses of the reference', (key, statuses) => {
    const action = taskActions('active').find((candidate) => candidate.key === key)
    const tasks = (Object.keys(TASK_STATUS) as TaskStatus[]).map((status) => ({ status }))
    expect(action && applicable(action, tasks).map(({ status }) => status).sort()).toEqual(statuses)
  })

  it('does not cancel single tasks of a job that is being paused', () => {
    const [cancel, requeue] = taskActions('pause-requested')
    expect(cancel?.allowed).toEqual([])
    expect(requeue?.allowed).toContain('failed')
  })

  it('asks a Worker for its current status only to take a pending request back', () => {
    const wake = WORKER_ACTIONS.find(({ key }) => key === 'wake')!
    expect(canAskWorker(wake, worker('asleep'))).toBe(true)
    expect(canAskWorker(wake, worker('awake'))).toBe(false)
    const asked = worker('awake', { status_change: { status: 'asleep', is_lazy: true } })
    expect(canAskWorker(wake, asked)).toBe(true)
  })

  it('offers a restart only to Workers that can', () => {
    const restart = WORKER_ACTIONS.find(({ key }) => key === 'restart-now')!
    expect(canAskWorker(restart, worker('awake'))).toBe(false)
    expect(canAskWorker(restart, worker('awake', { can_restart: true }))).toBe(true)
  })
})

describe('what a person may decide', () => {
  it('asks for a yes or no where an approval waits, and needs no reason for it', () => {
    const offer = verdicts({ status: 'queued', task_type: 'approval' })
    expect(offer?.asks).toBe(true)
    expect(offer?.verdicts.map(({ label }) => label)).toEqual(['Approve', 'Refuse'])
    expect(offer?.verdicts.every(({ reason }) => reason !== '')).toBe(true)
  })

  it.each([
    ['active', ['Complete', 'Fail']],
    ['failed', ['Complete']],
    ['canceled', ['Complete']],
  ] as const)('offers outcomes for a task that is %s, each with a reason', (status, labels) => {
    const offer = verdicts({ status, task_type: 'blender' })
    expect(offer?.verdicts.map(({ label }) => label)).toEqual(labels)
    expect(offer?.verdicts.every(({ reason }) => reason === '')).toBe(true)
  })

  it('offers nothing for what is completed', () => {
    expect(verdicts({ status: 'completed', task_type: 'approval' })).toBeNull()
  })

  it('says sizes as people do', () => {
    expect([megabytes(5 * 1024 ** 2), megabytes(3 * 1024 ** 3)]).toEqual(['5 MiB', '3.0 GiB'])
  })
})

describe('the removal of a Worker', () => {
  it('is warned of unless the Worker is offline', () => {
    expect(removalOf(worker('offline')).warning).toBe('')
    expect(removalOf(worker('awake')).warning).toContain('not offline but awake')
    expect(removalOf(worker('error')).warning).toContain('not offline but error')
  })
})

describe('the deletion of a tag', () => {
  it.each([
    [null, 'Workers lose it, and jobs that have it may then run on every Worker.'],
    [{ workers: 0, jobs: 0 }, 'No Worker and no job has it.'],
    [{ workers: 2, jobs: 0 }, '2 Workers will lose it. No job has it.'],
    [
      { workers: 0, jobs: 1 },
      'No Worker has it. 1 job will lose it: the rest of it may then run on every Worker.',
    ],
    [
      { workers: 1, jobs: 3 },
      '1 Worker will lose it. 3 jobs will lose it, too: the rest of them may then run on every Worker.',
    ],
  ])('says who loses it', (use, sentence) => {
    expect(deletionOf(use)).toBe(sentence)
  })
})

describe('counting by status', () => {
  it('counts what is there, in the order of the table', () => {
    const counts = countByStatus([{ status: 'failed' }, { status: 'active' }, { status: 'failed' }], JOB_STATUS)
    expect(counts.map(({ status, count }) => [status, count])).toEqual([['active', 1], ['failed', 2]])
  })
})

describe('times and numbers', () => {
  const now = Date.parse('2026-03-01T12:00:00Z')

  it.each([
    ['2026-03-01T11:59:58.5Z', 'now', 'just now'],
    ['2026-03-01T11:59:20Z', '40s', '40s ago'],
    ['2026-03-01T11:57:00+00:00', '3m', '3m ago'],
    ['2026-03-01T07:00:00Z', '5h', '5h ago'],
    ['2026-02-27T12:00:00Z', '2d', '2d ago'],
    ['2026-03-01T12:00:09Z', 'now', 'just now'],
    ['nonsense', '–', '–'],
  ])('shows %s as %s', (time, short, long) => {
    expect(shortAge(time, now)).toBe(short)
    expect(age(time, now)).toBe(long)
  })

  it('says 100 per cent only when all is done', () => {
    expect(percent(999, 1000)).toBe(99)
    expect(percent(1000, 1000)).toBe(100)
    expect(percent(5, 3)).toBe(100)
    expect(percent(0, 0)).toBe(0)
  })

  it('counts and names things', () => {
    expect(plural(1, 'Worker')).toBe('1 Worker')
    expect(plural(2, 'Worker')).toBe('2 Workers')
    expect(nameList(['a', 'b', 'c'])).toBe('a, b, c')
    expect(nameList(['a', 'b', 'c', 'd'])).toBe('a, b and 2 more')
    expect(['busy', 'Busy.', 'Why?'].map(sentence)).toEqual(['busy.', 'Busy.', 'Why?'])
  })
})

describe('sorting', () => {
  const rows = [
    { id: 'b', name: 'render-10' },
    { id: 'a', name: 'render-9' },
    { id: 'c', name: 'render-9' },
  ]

  it('sorts numbers in names as numbers, and equal rows by id in both directions', () => {
    const ids = (descending: boolean) => sortRows(rows, (row) => row.name, descending).map(({ id }) => id)
    expect(ids(false)).toEqual(['a', 'c', 'b'])
    expect(ids(true)).toEqual(['b', 'a', 'c'])
  })

  it('turns the same column around and starts another in its own direction', () => {
    const order = { key: 'name', descending: false }
    expect(nextOrder(order, 'name', true)).toEqual({ key: 'name', descending: true })
    expect(nextOrder(order, 'updated', true)).toEqual({ key: 'updated', descending: true })
  })
})

describe('a job', () => {
  const job = { settings: { frames: '1-10', secret: 1, add_path: true } } as unknown as Job

  it('shows the settings that its type declares visible or for the web', () => {
    const settings = [
      { key: 'frames', type: 'string' as const },
      { key: 'secret', type: 'int32' as const, visible: 'hidden' as const },
      { key: 'add_path', type: 'bool' as const, visible: 'web' as const, label: 'Add the path' },
      { key: 'absent', type: 'string' as const },
    ]
    const shown = shownSettings(job, { name: 'x', label: 'X', etag: '', settings })
    expect(shown).toEqual([
      { key: 'frames', label: 'Frames', value: '1-10' },
      { key: 'add_path', label: 'Add the path', value: 'yes' },
    ])
  })

  it('shows all settings when its type is unknown', () => {
    expect(shownSettings(job, undefined).map(({ key }) => key)).toEqual(['frames', 'secret', 'add_path'])
  })

  it('shows all settings when the script of its type is broken', () => {
    const broken = { name: 'x', label: 'x', etag: '', settings: [], error: 'x.js, line 3:1: no' }
    expect(shownSettings(job, broken).map(({ key }) => key)).toEqual(['frames', 'secret', 'add_path'])
  })

  it('may wait as long as it is to run and nothing of it does', () => {
    const queued = { queued: 1 }
    expect(mayWait('queued', queued)).toBe(true)
    expect(mayWait('active', queued)).toBe(true)
    expect(mayWait('active', { queued: 1, active: 1 })).toBe(false)
    expect(mayWait('paused', queued)).toBe(false)
  })

  it('has its image in several sizes', () => {
    const image = { base: '/job-files/j', suffixes: ['last.jpg', 'last-small.jpg', 'last-tiny.jpg'] }
    expect(thumbnail(image)).toBe('/job-files/j/last-tiny.jpg')
    expect(thumbnail(image, true)).toBe('/job-files/j/last-small.jpg')
    expect(thumbnail({ ...image, suffixes: ['last.jpg'] }, true)).toBe('/job-files/j/last.jpg')
  })
})

describe('progress', () => {
  const frames = { total: 240, done: 103, failed: 1, active: 4, are_tasks: false }

  it('is told in frames, or in tasks where there are none', () => {
    expect(progressText(frames)).toBe('103 of 240 frames')
    expect(progressText({ ...frames, are_tasks: true })).toBe('103 of 240 tasks')
    expect(progressText({ ...frames, total: 1, done: 1 })).toBe('1 of 1 frame')
  })

  it('has a part for each state, without empty ones', () => {
    expect(progressParts(frames).map(({ status, count }) => [status, count])).toEqual([
      ['done', 103], ['active', 4], ['failed', 1], ['rest', 132],
    ])
    expect(progressParts({ ...frames, total: 103, failed: 0, active: 0 })).toHaveLength(1)
  })
})
