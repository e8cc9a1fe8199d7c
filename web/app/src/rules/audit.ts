/** The audit log: what is asked for, and how its lines read. */

import type { RouteLocationRaw } from 'vue-router'

import type { AuditLine } from '../api/types'

/** What the lines have to be like; what is empty leaves none out. Days are those of this browser's clock. */
export interface AuditChoice {
  who: string
  operation: string
  about: string
  subject: string
  since: string
  until: string
}

/** Kinds of what is changed. */
export const KINDS = [
  'job',
  'task',
  'worker',
  'join token',
  'tag',
  'settings',
  'user',
  'credential',
  'subscription',
  'delivery',
] as const

/** The beginning of a day such as 2026-11-30, or of the day after; undefined without one. */
function beginningOf(day: string, later = 0): string | undefined {
  const time = new Date(`${day}T00:00`)
  if (Number.isNaN(time.getTime())) return undefined
  time.setDate(time.getDate() + later)
  return time.toISOString()
}

export function wantedLines({ who, operation, about, subject, since, until }: AuditChoice) {
  const wanted = {
    who: who.trim(),
    operation: operation.trim(),
    about,
    subject: subject.trim(),
    since: beginningOf(since),
    until: beginningOf(until, 1),
  }
  return Object.fromEntries(Object.entries(wanted).filter(([, value]) => value)) as Partial<Record<keyof typeof wanted, string>>
}

/** `updateConfigurationFile` as "update configuration file". */
export function spelledOut(operation: string): string {
  return operation.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
}

/** A value on one line; null for none. */
export function shownValue(value: unknown): string | null {
  if (value === undefined) return null
  return typeof value === 'string' ? value : JSON.stringify(value)
}

export interface Change {
  key: string
  before: string | null
  after: string | null
}

export function changesOf({ before, after }: AuditLine): Change[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].map((key) => ({
    key,
    before: shownValue(before[key]),
    after: shownValue(after[key]),
  }))
}

/** What the line is about, by its name if that is known. */
export function subjectOf({ about, subject }: AuditLine, nameOf: (id: string) => string | undefined): string {
  return [about, subject && (nameOf(subject) ?? subject)].filter(Boolean).join(' ')
}

const PLACES: Partial<Record<string, (id: string) => RouteLocationRaw>> = {
  job: (jobID) => ({ name: 'jobs', params: { jobID } }),
  worker: (workerID) => ({ name: 'workers', params: { workerID } }),
  tag: () => ({ name: 'tags' }),
  'join token': () => ({ name: 'joining' }),
  settings: () => ({ name: 'settings' }),
  user: () => ({ name: 'users' }),
}

/** Where the page shows what a line is about. */
export function placeOf({ about, subject }: AuditLine): RouteLocationRaw | null {
  return PLACES[about]?.(subject) ?? null
}

/** As `flamenco audit export` writes them. */
export function jsonLines(lines: readonly AuditLine[]): string {
  return lines.map((line) => `${JSON.stringify(line)}\n`).join('')
}
