/** The form of a job, made of the settings that its type declares. */

import type { AvailableJobType, Job, JobTypeSetting, JsonValue, Software } from '../api/types'
import { sentence } from './jobs'

export type Draft = string | boolean
export type Drafts = Record<string, Draft>

export interface SubmitField {
  key: string
  label: string
  help: string
  kind: 'text' | 'whole' | 'decimal' | 'flag' | 'choice'
  choices: readonly string[]
  required: boolean
  min: number | undefined
  max: number | undefined
}

/** What every job has, whatever its type; memory in GiB. */
export interface JobForm {
  type: string
  name: string
  priority: number
  tag: string
  paused: boolean
  keep: boolean
  memory: number
  gpu: number
  /** One of `GPU_KINDS`. */
  gpuKind: string
  /** "Blender >=4.2, FFmpeg" */
  software: string
}

/** {kind as the API names it: what people call it}. */
export const GPU_KINDS: Record<string, string> = {
  '': 'not needed',
  any: 'of any kind',
  cuda: 'CUDA',
  optix: 'OptiX',
  hip: 'HIP',
  oneapi: 'oneAPI',
  metal: 'Metal',
}

const MIB = 1024 // in a GiB
const NEW: JobForm = {
  type: '', name: '', priority: 50, tag: '', paused: false, keep: false, memory: 0, gpu: 0, gpuKind: '', software: '',
}
const ANY_MACHINE = { capabilities: [], cores: 0, platform: '', task_types: {} }

const CONDITION = /^[<>=!~]/
const VERSION = /^[<>=!~\d]/

/**
 * Programs, each with a condition on its version: after a comma, a condition goes on with the one before.
 * A version alone is the very one that is wanted.
 */
export function softwareOf(text: string): Software[] {
  const found: Software[] = []
  for (const part of text.split(',').map((each) => each.trim()).filter(Boolean)) {
    const last = found.at(-1)
    if (last?.version && CONDITION.test(part)) last.version += `,${part}`
    else {
      const words = part.split(/\s+/)
      const at = words.findIndex((word, place) => place > 0 && VERSION.test(word))
      const end = at < 0 ? words.length : at
      const version = words.slice(end).join('')
      const exactly = version && !CONDITION.test(version) ? '==' : ''
      found.push({ name: words.slice(0, end).join(' '), version: `${exactly}${version}` })
    }
  }
  return found
}

export function softwareText(software: readonly Software[]): string {
  return software.map(({ name, version }) => [name, version].filter(Boolean).join(' ')).join(', ')
}

/** What stands there at first: what the old job had. */
export function formOf(old: Job | null): JobForm {
  if (!old) return { ...NEW }
  const { memory_mib = 0, gpu_memory_mib = 0, gpu_kind = '', software = [] } = old.requirements ?? {}
  return {
    ...NEW,
    type: old.type,
    name: old.name,
    priority: old.priority,
    tag: old.worker_tag ?? '',
    keep: old.keep ?? false,
    memory: memory_mib / MIB,
    gpu: gpu_memory_mib / MIB,
    gpuKind: gpu_kind,
    software: softwareText(software),
  }
}

/** The machine that is asked for; what nobody is asked of it stays as the old job had it. */
export function requirementsOf({ memory, gpu, gpuKind, software }: JobForm, old: Job | null) {
  return {
    ...ANY_MACHINE,
    ...old?.requirements,
    memory_mib: Math.round(memory * MIB),
    gpu_memory_mib: Math.round(gpu * MIB),
    gpu_kind: gpuKind,
    software: softwareOf(software),
  }
}

/** The setting that names the file, in all job types that have one. */
export const BLEND_FILE = 'blendfile'

const KINDS = { string: 'text', int32: 'whole', float: 'decimal', bool: 'flag' } as const

/**
 * What a person is asked for: what the add-on shows, and what it reads from the file and a job can't
 * do without.
 */
function isAsked(setting: JobTypeSetting): boolean {
  if (['visible', 'submission'].includes(setting.visible ?? 'visible')) return true
  return setting.required === true && setting.default === undefined
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

/** The file comes first, since it tells the others. */
export function fieldsOf({ settings }: AvailableJobType): SubmitField[] {
  const wanted = settings.filter(isAsked)
  const file = wanted.filter(({ key }) => key === BLEND_FILE)
  return [...file, ...wanted.filter((each) => !file.includes(each))].map((setting) => ({
    key: setting.key,
    label: sentence(textOf(setting.label) || setting.key),
    help: textOf(setting.description),
    kind: setting.choices ? 'choice' : KINDS[setting.type],
    choices: setting.choices ?? [],
    required: setting.required === true,
    min: setting.propargs?.min,
    max: setting.propargs?.max,
  }))
}

/** What stands in the form at first: the settings of an old job, else what the type has for all. */
export function draftsOf(jobType: AvailableJobType, old: Readonly<Record<string, unknown>> = {}): Drafts {
  return Object.fromEntries(
    jobType.settings.filter(isAsked).map(({ key, type, default: usual }) => {
      const value = old[key] ?? usual
      if (type === 'bool') return [key, value === true]
      return [key, value === undefined || value === null ? '' : String(value)]
    }),
  )
}

/** What is wrong with a field as it is filled in. */
export function problemOf(field: SubmitField, draft: Draft | undefined): string | null {
  if (typeof draft === 'boolean') return null
  const text = (draft ?? '').trim()
  if (text === '') return field.required ? 'it can’t be empty' : null
  if (field.kind !== 'whole' && field.kind !== 'decimal') return null
  const value = Number(text)
  if (!Number.isFinite(value)) return 'expected a number'
  if (field.kind === 'whole' && !Number.isInteger(value)) return 'expected a whole number'
  if (field.min !== undefined && value < field.min) return `expected ${field.min} or more`
  if (field.max !== undefined && value > field.max) return `expected ${field.max} or less`
  return null
}

/** The settings to send; those of an old job that nobody is asked for stay as they were. */
export function settingsOf(
  fields: readonly SubmitField[],
  drafts: Drafts,
  old: Readonly<Record<string, unknown>> = {},
): Record<string, JsonValue> {
  const settings = { ...old } as Record<string, JsonValue>
  for (const { key, kind } of fields) {
    const draft = drafts[key]
    delete settings[key]
    if (typeof draft === 'boolean') settings[key] = draft
    else if (draft?.trim()) settings[key] = kind === 'whole' || kind === 'decimal' ? Number(draft) : draft.trim()
  }
  return settings
}

/** Settings in the form that others are made of when a file is read. */
export function inputsOf({ settings }: AvailableJobType): ReadonlySet<string> {
  const made = settings.map((setting) => setting.eval ?? '').join(' ')
  return new Set([...made.matchAll(/settings\.(\w+)/g)].map(([, key]) => key!))
}

/** Keys of the fields that a person has changed since they were filled in last, as in `filled`. */
export function changedKeys(drafts: Drafts, filled: Drafts): ReadonlySet<string> {
  return new Set(Object.keys(drafts).filter((key) => drafts[key] !== filled[key]))
}

/** The form with what the file tells, but for what a person has changed. */
export function withFacts(
  jobType: AvailableJobType,
  drafts: Drafts,
  changed: ReadonlySet<string>,
  facts: Readonly<Record<string, unknown>>,
): Drafts {
  const told = draftsOf(jobType, facts)
  const taken = Object.keys(drafts).filter((key) => key in facts && !changed.has(key))
  return { ...drafts, ...Object.fromEntries(taken.map((key) => [key, told[key]!])) }
}

/** The platform of whoever types paths here, as the API names it. */
export function platformOf(userAgent: string): string {
  if (/windows/i.test(userAgent)) return 'windows'
  return /mac os|macintosh/i.test(userAgent) ? 'darwin' : 'linux'
}

/** A text that stands for one submission. Without HTTPS there is no `randomUUID`. */
export function newKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((each) => each.toString(16).padStart(2, '0')).join('')
}
