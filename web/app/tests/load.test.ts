import { describe, expect, it } from 'vitest'

import type { WorkerLoad } from '../src/api/types'
import { busyPercent, loadSeries, memoryText } from '../src/rules/load'

function sample(minute: number, fields: Partial<WorkerLoad> = {}): WorkerLoad {
  return { at: `1970-01-01T00:0${minute}:00Z`, cpu: 0.5, memory_mib: 1024, gpus: [], ...fields }
}

describe('the load of a Worker', () => {
  it('has holes where nothing was told', () => {
    const { times, series } = loadSeries([sample(1), sample(3, { cpu: 1 })], 4096)
    expect(times).toEqual([60, 120, 180])
    expect(series).toEqual([
      { label: 'Processors', values: [50, null, 100] },
      { label: 'Memory', values: [25, null, 25] },
    ])
  })

  it('is that of each GPU too, where it is known', () => {
    const gpus = [{ name: 'A', used: 0.9, memory_mib: 1 }, { name: 'B', used: null, memory_mib: 1 }]
    const { series } = loadSeries([sample(1, { gpus })], 0)
    expect(series.map(({ label, values }) => [label, values])).toEqual([['Processors', [50]], ['GPU 1', [90]]])
  })

  it('is nothing without samples', () => expect(loadSeries([], 4096)).toEqual({ times: [], series: [] }))

  it('is told in a word', () => {
    expect(busyPercent(undefined)).toBeNull()
    expect(busyPercent(sample(1))).toEqual({ cpu: 50, gpu: null })
    const gpus = [{ name: 'A', used: 0.25, memory_mib: 1 }, { name: 'B', used: 0.75, memory_mib: 1 }]
    expect(busyPercent(sample(1, { gpus }))).toEqual({ cpu: 50, gpu: 75 })
  })
})

it.each([
  [undefined, undefined, ''],
  [65536, undefined, '64 GiB'],
  [65536, sample(1, { memory_mib: 12 * 1024 }), '12 / 64 GiB'],
  [65536, sample(1, { memory_mib: 512 }), '512 MiB / 64 GiB'],
  [0, sample(1), '1 GiB'],
])('tells of the memory of %s MiB: %#', (total, load, text) => {
  expect(memoryText(total, load)).toBe(text)
})
