/** How busy a Worker's machine is. */

import type { WorkerLoad } from '../api/types'
import { memorySize } from './format'

const MINUTE_MS = 60_000

export interface LoadSeries {
  label: string
  /** Per cent; null where nothing was told. */
  values: (number | null)[]
}

function percentOf(part: number | null | undefined, whole = 1): number | null {
  return part === null || part === undefined || whole <= 0 ? null : Math.round((100 * part) / whole)
}

/** Minute by minute, with holes where nothing was told; times in seconds since the epoch. */
export function loadSeries(samples: readonly WorkerLoad[], memory_mib: number): { times: number[]; series: LoadSeries[] } {
  const minutes = new Map(samples.map((sample) => [Math.round(Date.parse(sample.at) / MINUTE_MS), sample]))
  const [first, last] = [Math.min(...minutes.keys()), Math.max(...minutes.keys())]
  const all = samples.length ? Array.from({ length: last - first + 1 }, (_, step) => first + step) : []
  const line = (label: string, value: (sample: WorkerLoad) => number | null): LoadSeries => ({
    label,
    values: all.map((minute) => {
      const sample = minutes.get(minute)
      return sample ? value(sample) : null
    }),
  })
  const gpus = Math.max(0, ...samples.map((sample) => sample.gpus.length))
  return {
    times: all.map((minute) => minute * 60),
    series: [
      line('Processors', ({ cpu }) => percentOf(cpu)),
      ...(memory_mib > 0 ? [line('Memory', (sample) => percentOf(sample.memory_mib, memory_mib))] : []),
      ...Array.from({ length: gpus }, (_, card) =>
        line(gpus > 1 ? `GPU ${card + 1}` : 'GPU', (sample) => percentOf(sample.gpus[card]?.used)),
      ),
    ].filter(({ values }) => values.some((value) => value !== null)),
  }
}

/** "12 / 64 GiB", or what there is of it. */
export function memoryText(total_mib: number | undefined, load: WorkerLoad | undefined): string {
  if (!total_mib) return load ? memorySize(load.memory_mib) : ''
  if (!load) return memorySize(total_mib)
  const [used, all] = [memorySize(load.memory_mib), memorySize(total_mib)]
  const unit = all.split(' ')[1]!
  return `${used.endsWith(unit) ? used.split(' ')[0] : used} / ${all}`
}

/** Whole per cent that its processors are busy, and its busiest GPU if that is known. */
export function busyPercent(load: WorkerLoad | undefined): { cpu: number; gpu: number | null } | null {
  if (!load) return null
  const gpus = load.gpus.flatMap(({ used }) => percentOf(used) ?? [])
  return { cpu: percentOf(load.cpu) ?? 0, gpu: gpus.length ? Math.max(...gpus) : null }
}
