import { describe, expect, it } from 'vitest'

import type { WorkerSummary, WorkerTask } from '../src/api/types'
import { jobHue, jobsUnderWay, matchingWorkers, tagNames, taskPercent, taskUnderWay } from '../src/rules/worker-list'

const TAGS = new Map([['g', 'gpu'], ['n', 'night']])
const ANY = { text: '', tag: '', software: '', job: '' }

function worker(name: string, fields: Partial<WorkerSummary> = {}): WorkerSummary {
  return { id: `id-${name}`, name, status: 'awake', version: '4', can_restart: false, ...fields }
}

function task(fields: Partial<WorkerTask>): WorkerTask {
  return { id: 't', job_id: 'j', job_name: 'Shot', status: 'active', steps_completed: 0, steps_total: 0, ...fields } as WorkerTask
}

const specs = {
  memory_mib: 0, cores: 0, platform: 'linux', capabilities: [], withheld: [], checks: [],
  gpus: [{ kind: 'cuda', name: 'RTX 4090', memory_mib: 0, driver: '' }],
  software: [{ name: 'Blender', version: '4.5.1' }],
} as unknown as NonNullable<WorkerSummary['specs']>

describe('a list of Workers', () => {
  const farm = [
    worker('anna', { tag_ids: ['g', 'n'], task: task({}) }),
    worker('bert', { specs }),
    worker('carl', { tag_ids: ['gone'] }),
  ]
  const found = (filter: Partial<typeof ANY>) =>
    matchingWorkers(farm, { ...ANY, ...filter }, TAGS).map(({ name }) => name)

  it.each([
    [{}, ['anna', 'bert', 'carl']],
    [{ tag: 'g' }, ['anna']],
    [{ job: 'j' }, ['anna']],
    [{ software: 'Blender 4.5.1' }, ['bert']],
    [{ software: 'Blender 4.5' }, []],
    [{ text: 'GPU' }, ['anna']],
    [{ text: 'shot anna' }, ['anna']],
    [{ text: 'rtx blender' }, ['bert']],
    [{ text: 'id-carl' }, ['carl']],
    [{ text: 'anna', tag: 'x' }, []],
  ])('with %o shows %o', (filter, names) => expect(found(filter)).toEqual(names))

  it('names the tags that are known, in order', () => {
    expect(tagNames(farm[0]!, TAGS)).toEqual(['gpu', 'night'])
    expect(tagNames(farm[2]!, TAGS)).toEqual([])
  })

  it('lists each job under way once', () => {
    const jobs = jobsUnderWay([...farm, worker('dora', { task: task({ id: 'u' }) })])
    expect(jobs).toEqual([{ id: 'j', name: 'Shot' }])
  })
})

describe('the task of a Worker', () => {
  it('is under way while it is active', () => {
    expect(taskUnderWay(worker('a', { task: task({}) }))?.id).toBe('t')
    expect(taskUnderWay(worker('a', { task: task({ status: 'canceled' }) }))).toBeUndefined()
  })

  it('has a progress when it counts steps', () => {
    expect(taskPercent(task({}))).toBeNull()
    expect(taskPercent(undefined)).toBeNull()
    expect(taskPercent(task({ steps_completed: 1, steps_total: 3 }))).toBe(33)
  })
})

it('gives a job one hue of the circle, and others to most others', () => {
  const hues = Array.from({ length: 60 }, (_, job) => jobHue(`job-${job}`))
  expect(hues.every((hue) => hue >= 0 && hue < 360)).toBe(true)
  expect(new Set(hues).size).toBeGreaterThan(8)
  expect(jobHue('job-1')).toBe(hues[1])
})
