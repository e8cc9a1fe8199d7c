/** What a Worker's machine has, in words. What is not known is left out. */

import type { Gpu, Software, Specs } from '../api/types'
import { megabytes } from './format'

const MIB = 1024 * 1024

/** "62.0 GiB of memory, 32 cores" */
export function machine(specs: Specs): string {
  const memory = specs.memory_mib ? [`${megabytes(specs.memory_mib * MIB)} of memory`] : []
  const cores = specs.cores ? [`${specs.cores} ${specs.cores === 1 ? 'core' : 'cores'}`] : []
  return [...memory, ...cores].join(', ')
}

/** A line for each card, with all the kinds it can be used as: "RTX 4090 (cuda, optix), 24.0 GiB". */
export function cards(gpus: readonly Gpu[]): string[] {
  const kinds = new Map<string, { gpu: Gpu; kinds: Map<string, number> }>()
  for (const gpu of gpus) {
    const key = JSON.stringify([gpu.name, gpu.memory_mib, gpu.driver])
    const card = kinds.get(key) ?? { gpu, kinds: new Map<string, number>() }
    card.kinds.set(gpu.kind, (card.kinds.get(gpu.kind) ?? 0) + 1)
    kinds.set(key, card)
  }
  return [...kinds.values()].map(({ gpu, kinds: found }) => {
    const many = Math.max(...found.values())
    const name = `${many > 1 ? `${many} × ` : ''}${gpu.name || 'GPU'} (${[...found.keys()].join(', ')})`
    const memory = gpu.memory_mib ? [megabytes(gpu.memory_mib * MIB)] : []
    const driver = gpu.driver ? [`driver ${gpu.driver}`] : []
    return [name, ...memory, ...driver].join(', ')
  })
}

/** "Blender 4.5.1, FFmpeg 7.1" */
export function programs(software: readonly Software[]): string {
  return software.map(({ name, version }) => `${name} ${version}`.trim()).join(', ')
}
