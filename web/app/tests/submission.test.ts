import { describe, expect, it } from 'vitest'

import type { AvailableJobType, JobTypeSetting } from '../src/api/types'
import {
  changedKeys,
  draftsOf,
  fieldsOf,
  formOf,
  inputsOf,
  newKey,
  platformOf,
  problemOf,
  requirementsOf,
  settingsOf,
  softwareOf,
  softwareText,
  withFacts,
} from '../src/rules/submission'
import { job } from './fakes'

const SETTINGS: JobTypeSetting[] = [
  { key: 'frames', type: 'string', required: true, description: 'Frames to render' },
  { key: 'chunk_size', type: 'int32', default: 1, visible: 'submission', propargs: { min: 1, max: 100 } },
  { key: 'fps', type: 'float', label: 'Frame rate', propargs: { min: 0.5 } },
  { key: 'denoise', type: 'bool', default: true },
  { key: 'on_missing', type: 'string', choices: ['warn', 'fail'], default: 'warn' },
  { key: 'scene', type: 'string', required: true, visible: 'web' },
  { key: 'format', type: 'string', required: true, default: 'PNG', visible: 'hidden' },
  { key: 'has_previews', type: 'bool', visible: 'hidden' },
]
const TYPE: AvailableJobType = { name: 'render', label: 'Render', etag: '1', settings: SETTINGS }
const fields = fieldsOf(TYPE)
const field = (key: string) => fields.find((each) => each.key === key)!

describe('the form of a job type', () => {
  it('asks what is shown in Blender, and what a job can’t do without', () => {
    expect(fields.map(({ key }) => key)).toEqual(['frames', 'chunk_size', 'fps', 'denoise', 'on_missing', 'scene'])
  })

  it('names and explains each setting, and knows what it takes', () => {
    expect(field('frames')).toMatchObject({ label: 'Frames', help: 'Frames to render', kind: 'text' })
    expect(field('chunk_size')).toMatchObject({ label: 'Chunk size', kind: 'whole', min: 1, max: 100 })
    expect(field('fps')).toMatchObject({ label: 'Frame rate', kind: 'decimal' })
    expect(field('denoise').kind).toBe('flag')
    expect(field('on_missing')).toMatchObject({ kind: 'choice', choices: ['warn', 'fail'] })
  })

  it('begins with what the type has for all, or with the settings of an old job', () => {
    expect(draftsOf(TYPE)).toEqual({
      frames: '', chunk_size: '1', fps: '', denoise: true, on_missing: 'warn', scene: '',
    })
    const old = { frames: '1-9', chunk_size: 3, fps: null, denoise: false, on_missing: 'fail', scene: 'A' }
    expect(draftsOf(TYPE, old)).toEqual({
      frames: '1-9', chunk_size: '3', fps: '', denoise: false, on_missing: 'fail', scene: 'A',
    })
  })
})

describe('what is filled in', () => {
  it.each([
    ['frames', '  ', 'it can’t be empty'],
    ['frames', '1-9', null],
    ['chunk_size', '', null],
    ['chunk_size', 'ten', 'expected a number'],
    ['chunk_size', '1.5', 'expected a whole number'],
    ['chunk_size', '0', 'expected 1 or more'],
    ['chunk_size', '101', 'expected 100 or less'],
    ['fps', '23.976', null],
    ['fps', 'Infinity', 'expected a number'],
    ['denoise', false, null],
  ])('is told at once if it is wrong: %s "%s"', (key, draft, problem) => {
    expect(problemOf(field(key), draft)).toBe(problem)
  })

  it('is sent in the type of each setting; what is empty is left to the job type', () => {
    const drafts = { ...draftsOf(TYPE), frames: ' 1-9 ', chunk_size: '3', scene: 'A' }
    expect(settingsOf(fields, drafts)).toEqual({
      frames: '1-9', chunk_size: 3, denoise: true, on_missing: 'warn', scene: 'A',
    })
  })

  it('leaves what nobody is asked as the old job had it', () => {
    const old = { frames: '1-9', fps: 24, format: 'JPEG', has_previews: true }
    const drafts = { ...draftsOf(TYPE, old), fps: '', frames: '5' }
    expect(settingsOf(fields, drafts, old)).toMatchObject({ frames: '5', format: 'JPEG', has_previews: true })
    expect(settingsOf(fields, drafts, old)).not.toHaveProperty('fps')
  })
})

describe('a job that is submitted again', () => {
  const old = job('a', {
    name: 'Shot', type: 'render', priority: 70, worker_tag: 'gpu', keep: true,
    requirements: {
      memory_mib: 16_384, gpu_memory_mib: 0, cores: 8, gpu_kind: 'cuda', platform: '',
      software: [{ name: 'Blender', version: '>=4.2' }],
      capabilities: ['licence'], task_types: {},
    },
  })

  it('begins as the old one', () => {
    expect(formOf(old)).toEqual({
      type: 'render', name: 'Shot', priority: 70, tag: 'gpu', paused: false, keep: true, memory: 16, gpu: 0,
      gpuKind: 'cuda', software: 'Blender >=4.2',
    })
    expect(formOf(null)).toMatchObject({ type: '', name: '', priority: 50, memory: 0 })
  })

  it('needs the same machine, but for what is changed', () => {
    expect(requirementsOf({ ...formOf(old), memory: 1.5, gpu: 8, gpuKind: 'any' }, old)).toMatchObject({
      memory_mib: 1536, gpu_memory_mib: 8192, cores: 8, gpu_kind: 'any', capabilities: ['licence'],
    })
    expect(requirementsOf(formOf(null), null)).toMatchObject({ memory_mib: 0, cores: 0, platform: '' })
  })
})

describe('software', () => {
  it.each([
    ['', []],
    ['FFmpeg', [{ name: 'FFmpeg', version: '' }]],
    ['Blender >=4.2,<5, FFmpeg', [{ name: 'Blender', version: '>=4.2,<5' }, { name: 'FFmpeg', version: '' }]],
    ['After Effects 24', [{ name: 'After Effects', version: '==24' }]],
    ['Blender 4.5.1, FFmpeg 7.1', [{ name: 'Blender', version: '==4.5.1' }, { name: 'FFmpeg', version: '==7.1' }]],
    ['Blender >=4.2, 7zip', [{ name: 'Blender', version: '>=4.2' }, { name: '7zip', version: '' }]],
    [' blender   >= 4.2 ,, ', [{ name: 'blender', version: '>=4.2' }]],
    ['3dcoat, 7zip', [{ name: '3dcoat', version: '' }, { name: '7zip', version: '' }]],
  ])('"%s" is read as people write it', (text, software) => {
    expect(softwareOf(text)).toEqual(software)
    expect(softwareOf(softwareText(software))).toEqual(software)
  })
})

describe('a submission', () => {
  it('has a key of its own', () => {
    expect(newKey()).toMatch(/^[0-9a-f]{32}$/)
    expect(newKey()).not.toBe(newKey())
  })

  it.each([
    ['Mozilla/5.0 (Windows NT 10.0; Win64; x64)', 'windows'],
    ['Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)', 'darwin'],
    ['Mozilla/5.0 (X11; Linux x86_64)', 'linux'],
  ])('has paths of the platform of whoever types them: %s', (agent, platform) => {
    expect(platformOf(agent)).toBe(platform)
  })
})

describe('what a file tells', () => {
  const OF_FILE: AvailableJobType = {
    ...TYPE,
    settings: [
      ...SETTINGS,
      { key: 'blendfile', type: 'string', required: true, visible: 'web' },
      { key: 'root', type: 'string' },
      { key: 'output', type: 'string', eval: 'str(Path(abspath(settings.root), last_n_dir_parts(settings.depth)))' },
    ],
  }
  const first = draftsOf(OF_FILE)

  it('is asked for first, since the other fields follow from the file', () => {
    expect(fieldsOf(OF_FILE).map(({ key }) => key).slice(0, 3)).toEqual(['blendfile', 'frames', 'chunk_size'])
  })

  it('fills in the form, but for what a person has changed', () => {
    const typed = { ...first, frames: '1-3', root: '/farm' }
    const told = { frames: '1-250', fps: 25, denoise: false, scene: 'Scene', format: 'PNG', output: '/farm/x' }
    const changed = changedKeys(typed, first)
    expect([...changed]).toEqual(['frames', 'root'])
    const filled = withFacts(OF_FILE, typed, changed, told)
    expect(filled).toMatchObject({ frames: '1-3', root: '/farm', fps: '25', denoise: false, scene: 'Scene', output: '/farm/x' })
    expect(filled).toHaveProperty('chunk_size', '1')
    expect(filled).not.toHaveProperty('format')
  })

  it('is filled in anew where it was filled in before', () => {
    const once = withFacts(OF_FILE, first, new Set(), { output: '/a' })
    const root = { ...once, root: '/b' }
    expect(withFacts(OF_FILE, root, changedKeys(root, once), { output: '/b/a' })).toMatchObject({ output: '/b/a', root: '/b' })
  })

  it('depends on some of the settings', () => {
    expect([...inputsOf(OF_FILE)]).toEqual(['root', 'depth'])
  })
})
