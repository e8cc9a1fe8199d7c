/** Settings as people fill them in: texts and switches, and what is wrong with them. */

import type { JsonValue } from '../api/types'
import { VARIABLE, type Flat } from './configuration'
import { canonical, inWords, seconds } from './durations'
import { nameList } from './format'
import { FIELDS, fieldOf, type SettingField } from './setting-fields'
import { typedPath } from './setup'
import { variableOf, type VariableDraft } from './variables'

export type Draft = string | boolean
export type Drafts = Record<string, Draft>

/** Stands for a secret that is set. */
export const MASK = '********'

export function draftsOf(flat: Flat): Drafts {
  return Object.fromEntries(FIELDS.map((field) => [field.key, draftOf(field, flat.get(field.key))]))
}

export function draftOf(field: SettingField, value: JsonValue | undefined): Draft {
  if (field.kind === 'list') return asLines(value ?? [])
  return field.kind === 'flag' ? value === true : String(value ?? '')
}

/** A list with a line for each entry. */
function asLines(value: JsonValue): string {
  if (!Array.isArray(value) || value.length === 0) return ''
  return `[\n${value.map((each) => `  ${JSON.stringify(each)}`).join(',\n')}\n]`
}

function parsed(text: string): JsonValue[] | null {
  if (text === '') return []
  try {
    const value: unknown = JSON.parse(text)
    return Array.isArray(value) ? (value as JsonValue[]) : null
  } catch {
    return null
  }
}

export function valueOf(field: SettingField, draft: Draft): JsonValue {
  if (typeof draft === 'boolean') return draft
  const text = draft.trim()
  if (field.kind === 'duration') return canonical(text)
  if (field.kind === 'count') return /^\d+$/.test(text) ? Number(text) : text
  if (field.kind === 'list') return parsed(text) ?? text
  return field.kind === 'path' ? typedPath(draft) : draft
}

/** All of the configuration as the page has it; what it does not show is as in the file. */
export function flatOf(file: Flat, drafts: Drafts, variables: readonly VariableDraft[]): Flat {
  const flat = new Map([...file].filter(([key]) => !key.startsWith(VARIABLE)))
  for (const field of FIELDS) {
    const draft = drafts[field.key] ?? ''
    if (draft !== draftOf(field, file.get(field.key))) flat.set(field.key, valueOf(field, draft))
  }
  for (const each of variables) flat.set(VARIABLE + each.name.trim(), variableOf(each))
  return flat
}

/** Others count from a folder that only the Manager knows. */
export function isWholePath(path: string): boolean {
  return /^([\\/]|[a-z]:)/i.test(path)
}

/** What is wrong with it, as far as that can be told without the Manager. */
export function problemOf(field: SettingField, draft: Draft): string | null {
  if (typeof draft === 'boolean') return null
  const text = draft.trim()
  if (field.kind === 'duration') return durationProblem(field, text)
  if (field.kind === 'count') return countProblem(field, text)
  if (field.kind === 'list') return parsed(text) === null ? 'expected a list in JSON' : null
  if (field.required && text === '') return 'it can’t be empty'
  if (field.kind === 'secret' && draft !== MASK && draft.includes(MASK)) {
    return 'type the complete new secret, in place of the stars'
  }
  return null
}

function durationProblem({ zero }: SettingField, text: string): string | null {
  const time = seconds(text)
  if (time === null) return 'expected a duration such as 10m0s, 2 hours or 7 days'
  return time === 0 && zero === undefined ? 'expected a duration over 0' : null
}

function countProblem({ min = 0, max }: SettingField, text: string): string | null {
  const count = Number(text)
  if (/^\d+$/.test(text) && count >= min && count <= (max ?? Infinity)) return null
  return max === undefined
    ? `expected a whole number from ${min}`
    : `expected a whole number from ${min} to ${max}`
}

/** "Task timeout", "variable blender" */
export function labelOf(key: string): string {
  if (key === VARIABLE) return 'the variable without a name'
  if (key.startsWith(VARIABLE)) return `variable ${key.slice(VARIABLE.length)}`
  return fieldOf(key)?.label ?? key
}

export function labels(keys: readonly string[]): string {
  return nameList(keys.map(labelOf))
}

/** A value in the words of the page. */
export function shown(key: string, value: JsonValue | undefined): string {
  if (key.startsWith(VARIABLE)) return value == null ? 'deleted' : 'other values'
  if (value === undefined || value === null || value === '') return 'empty'
  if (typeof value === 'boolean') return value ? 'On' : 'Off'
  if (Array.isArray(value)) return asLines(value) || 'empty'
  const field = fieldOf(key)
  if (field?.kind === 'duration') return durationShown(field, String(value)) ?? String(value)
  return field?.unit ? `${String(value)} ${field.unit}` : String(value)
}

/** A value as a list of changes has it: of a secret only that there is one, of a variable all values. */
export function shownValue(key: string, value: JsonValue | undefined): string {
  if (!key.startsWith(VARIABLE)) return fieldOf(key)?.kind === 'secret' && value ? 'a secret' : shown(key, value)
  if (value === undefined || value === null) return 'not there'
  const { is_twoway, values } = value as { is_twoway?: boolean; values?: VariableValue[] }
  const lines = (values ?? []).map((each) => {
    const platforms = each.platforms?.join(', ') ?? each.platform ?? 'all'
    return `${[platforms, each.audience].filter(Boolean).join(', ')}: ${each.value}`
  })
  return [...(is_twoway ? ['two-way'] : []), ...lines].join('\n')
}

interface VariableValue {
  platform?: string
  platforms?: string[]
  audience?: string
  value: string
}

export function durationShown({ zero }: SettingField, text: string): string | null {
  return seconds(text) === 0 ? (zero ?? null) : inWords(text)
}

export interface Saved {
  atOnce: readonly string[]
  restart: readonly string[]
  /** Needs a restart, but the Manager runs with it, or its command line says otherwise. */
  running: readonly string[]
}

/** What becomes of saved keys, given those that the Manager needs a restart for. */
export function savedOf(keys: readonly string[], waiting: readonly string[]): Saved {
  const live = (key: string) => key.startsWith(VARIABLE) || fieldOf(key)?.live === true
  const others = keys.filter((key) => !live(key))
  return {
    atOnce: keys.filter(live),
    restart: others.filter((key) => waiting.includes(key)),
    running: others.filter((key) => !waiting.includes(key)),
  }
}

export function sentences({ atOnce, restart, running }: Saved): string {
  const parts = []
  if (atOnce.length > 0) parts.push(`In effect now: ${labels(atOnce)}.`)
  if (restart.length > 0) parts.push(`Needs a restart: ${labels(restart)}.`)
  if (running.length > 0) {
    parts.push(`${labels(running)}: the Manager already uses this value, or its command line overrides it.`)
  }
  return parts.join(' ')
}

/** Keys whose change deletes by itself from now on, sooner than before. */
export function deletingSooner(before: Flat, after: Flat): string[] {
  return ['delete_jobs_after', 'delete_workers_after'].filter((key) => {
    const [was, is] = [before, after].map((flat) => seconds(String(flat.get(key) ?? '0s')) || Infinity)
    return is! < was!
  })
}
