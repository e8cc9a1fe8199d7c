/** Variables of the configuration as people edit them (docs/operator-guide.md, "Variables"). */

import type { JsonObject, JsonValue } from '../api/types'

export const PLATFORMS = [
  { key: 'all', label: 'All' },
  { key: 'linux', label: 'Linux' },
  { key: 'windows', label: 'Windows' },
  { key: 'darwin', label: 'macOS' },
] as const

export const AUDIENCES = [
  { key: 'all', label: 'Everybody' },
  { key: 'workers', label: 'Workers' },
  { key: 'users', label: 'Users' },
] as const

export interface ValueDraft {
  id: number
  audience: string
  platforms: readonly string[]
  value: string
}

export interface VariableDraft {
  id: number
  /** Its name in the file; null if it is new. */
  was: string | null
  name: string
  isTwoway: boolean
  values: ValueDraft[]
}

/** What a variable is that the configuration does not name (flamenco/config/variables.py). */
export const DEFAULTS: Readonly<Record<string, JsonValue>> = {
  blender: {
    is_twoway: false,
    values: [
      { platform: 'linux', value: 'blender' },
      { platform: 'windows', value: 'blender.exe' },
      { platform: 'darwin', value: 'blender' },
    ],
  },
  blenderArgs: { is_twoway: false, values: [{ platform: 'all', value: '-b -y' }] },
  ffmpeg: { is_twoway: false, values: [{ platform: 'all', value: 'ffmpeg' }] },
}

let lastID = 0

export function newValue(platforms: readonly string[] = ['all']): ValueDraft {
  return { id: ++lastID, audience: 'all', platforms, value: '' }
}

export function newVariable(): VariableDraft {
  return { id: ++lastID, was: null, name: '', isTwoway: false, values: [newValue()] }
}

export function draftOf(name: string, variable: JsonValue): VariableDraft {
  const { is_twoway, values } = variable as JsonObject
  return {
    id: ++lastID,
    was: name,
    name,
    isTwoway: is_twoway === true,
    values: ((values ?? []) as JsonObject[]).map((each) => ({
      id: ++lastID,
      audience: String(each.audience ?? 'all'),
      platforms: [each.platforms ?? [], each.platform ?? []].flat() as string[],
      value: String(each.value ?? ''),
    })),
  }
}

/** As the Manager writes it. */
export function variableOf({ isTwoway, values }: VariableDraft): JsonObject {
  return {
    is_twoway: isTwoway,
    values: values.map(({ audience, platforms, value }) => ({
      ...(audience !== 'all' && { audience }),
      ...(platforms.length === 1 ? { platform: platforms[0]! } : { platforms: [...platforms] }),
      value,
    })),
  }
}

export function normalized(variable: JsonValue): JsonValue {
  return variableOf(draftOf('', variable))
}

/** Platforms after one was pressed: all of them, or some. */
export function toggled(platforms: readonly string[], key: string): readonly string[] {
  if (platforms.includes(key)) return platforms.filter((each) => each !== key)
  if (key === 'all') return ['all']
  return [...platforms.filter((each) => each !== 'all'), key]
}

/** By the id of a variable or of a value. */
export type VariableProblems = Readonly<Record<number, string>>

export function problemsOf(variables: readonly VariableDraft[]): VariableProblems {
  const problems: Record<number, string> = {}
  const names = variables.map(({ name }) => name.trim())
  for (const { id, was, name, values } of variables) {
    const problem = nameProblem(name.trim(), was, names)
    if (problem !== null) problems[id] = problem
    for (const value of values) {
      if (value.platforms.length === 0) problems[value.id] = 'choose at least one platform'
    }
  }
  return problems
}

function nameProblem(name: string, was: string | null, names: readonly string[]): string | null {
  if (name === '') return 'it needs a name'
  if (/[{}]/.test(name)) return 'leave out the braces: they only belong where the variable is used'
  if (names.filter((each) => each === name).length > 1) return 'another variable has this name'
  if (name === 'jobs' && was !== 'jobs') return 'jobs is always the folder of the job files'
  return null
}
