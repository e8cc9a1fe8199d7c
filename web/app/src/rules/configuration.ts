/**
 * The configuration as a flat table, so that what two people change can be told apart by its keys:
 * `shaman.enabled` → true, and `variables.NAME` → all of that variable.
 */

import type { JsonObject, JsonValue } from '../api/types'
import { normalized } from './variables'

export type Flat = ReadonlyMap<string, JsonValue>
/** What became of keys; null: the variable is gone. */
export type Changes = ReadonlyMap<string, JsonValue>

export const VARIABLE = 'variables.'

export function flatten(file: JsonObject): Flat {
  const flat = new Map<string, JsonValue>()
  const add = (section: JsonObject, above: string): void => {
    for (const [key, value] of Object.entries(section)) {
      if (above === VARIABLE) flat.set(above + key, normalized(value))
      else if (isObject(value)) add(value, `${above}${key}.`)
      else flat.set(above + key, value)
    }
  }
  add(file, '')
  return flat
}

export function difference(before: Flat, after: Flat): Changes {
  const changes = new Map<string, JsonValue>()
  for (const [key, value] of after) if (!same(before.get(key), value)) changes.set(key, value)
  for (const key of before.keys()) if (!after.has(key)) changes.set(key, null)
  return changes
}

export function applied(changes: Changes, to: Flat): Flat {
  const flat = new Map(to)
  for (const [key, value] of changes) {
    if (value === null) flat.delete(key)
    else flat.set(key, value)
  }
  return flat
}

/** Keys that both sides changed, each to something else. */
export function clashes(before: Flat, theirs: Flat, mine: Changes): string[] {
  return [...mine]
    .filter(([key]) => !same(before.get(key), theirs.get(key)))
    .filter(([key, value]) => !same(theirs.get(key), value))
    .map(([key]) => key)
}

/** What is sent: only what changes, and all variables if one of them does. */
export function bodyOf(changes: Changes, theirs: Flat): JsonObject {
  const body: JsonObject = {}
  const after = applied(changes, theirs)
  for (const [key, value] of changes) {
    if (key.startsWith(VARIABLE)) continue
    const names = key.split('.')
    let section = body
    for (const name of names.slice(0, -1)) section = (section[name] ??= {}) as JsonObject
    section[names.at(-1)!] = value
  }
  if ([...changes.keys()].some((key) => key.startsWith(VARIABLE))) {
    const variables = [...after].filter(([key]) => key.startsWith(VARIABLE))
    body.variables = Object.fromEntries(
      variables.map(([key, value]) => [key.slice(VARIABLE.length), value]),
    )
  }
  return body
}

/** The key that a refusal of the Manager begins with, and what it says of it. */
export function refusalAt(message: string, keys: Iterable<string>): [string, string] | null {
  const fitting = [...keys].filter((key) => {
    if (!message.startsWith(key)) return false
    const next = message[key.length]
    return next === ':' || (key.startsWith(VARIABLE) && next === '.')
  })
  const key = fitting.sort((one, other) => other.length - one.length)[0]
  if (key === undefined) return null
  return [key, message.slice(key.length).replace(/^(:|\.)\s*/, '')]
}

function isObject(value: JsonValue): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function same(one: JsonValue | undefined, other: JsonValue | undefined): boolean {
  return JSON.stringify(one ?? null) === JSON.stringify(other ?? null)
}
