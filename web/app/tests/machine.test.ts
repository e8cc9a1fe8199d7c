import { describe, expect, it } from 'vitest'

import type { Gpu, Specs } from '../src/api/types'
import { cards, machine, programs } from '../src/rules/machine'

const NOTHING: Specs = {
  memory_mib: 0,
  cores: 0,
  gpus: [],
  software: [],
  platform: '',
  capabilities: [],
  withheld: [], checks: [],
}

function gpu(kind: string, name = 'RTX 4090', driver = '560.35'): Gpu {
  return { kind, name, memory_mib: 24564, driver }
}

describe('what a machine has', () => {
  it('names memory and cores, as far as they are known', () => {
    expect(machine({ ...NOTHING, memory_mib: 65536, cores: 32 })).toBe('64.0 GiB of memory, 32 cores')
    expect(machine({ ...NOTHING, cores: 1 })).toBe('1 core')
    expect(machine(NOTHING)).toBe('')
  })

  it('lists a card once, with all it can be used as', () => {
    expect(cards([gpu('cuda'), gpu('optix'), { ...gpu('hip', ''), memory_mib: 0, driver: '' }])).toEqual([
      'RTX 4090 (cuda, optix), 24.0 GiB, driver 560.35',
      'GPU (hip)',
    ])
  })

  it('counts cards that are alike', () => {
    expect(cards([gpu('cuda'), gpu('optix'), gpu('cuda'), gpu('optix')])).toEqual([
      '2 × RTX 4090 (cuda, optix), 24.0 GiB, driver 560.35',
    ])
  })

  it('names programs without a version too', () => {
    expect(
      programs([
        { name: 'Blender', version: '4.5.1' },
        { name: 'FFmpeg', version: '' },
      ]),
    ).toBe('Blender 4.5.1, FFmpeg')
  })
})
