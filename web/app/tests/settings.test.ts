import { describe, expect, it } from 'vitest'

import { fieldOf, type SettingField } from '../src/rules/setting-fields'
import {
  deletingSooner,
  MASK,
  problemOf,
  savedOf,
  sentences,
  shown,
  valueOf,
} from '../src/rules/settings'
import { newVariable, problemsOf, toggled, type VariableDraft } from '../src/rules/variables'

const field = (key: string): SettingField => fieldOf(key)!

describe('a setting', () => {
  it.each([
    ['task_timeout', '2 hours', '2h0m0s'],
    ['job_fail_percentage', ' 20 ', 20],
    ['shared_storage_path', ' "F:\\farm\\" ', 'F:\\farm\\'],
    ['manager_name', 'Our farm', 'Our farm'],
    ['registration_secret', MASK, MASK],
    ['shaman.enabled', false, false],
  ])('is sent as the file has it: %s', (key, draft, value) => {
    expect(valueOf(field(key), draft)).toBe(value)
    expect(problemOf(field(key), draft)).toBeNull()
  })

  it.each([
    ['task_timeout', 'x', 'duration'],
    ['job_type_timeout', '0s', 'over 0'],
    ['job_fail_percentage', '101', 'from 1 to 100'],
    ['job_type_memory', '255', 'from 256'],
    ['blocklist_threshold', '1.5', 'whole number'],
    ['listen', ' ', 'empty'],
    ['registration_secret', `${MASK}x`, 'the complete new secret'],
  ])('is told to be wrong: %s', (key, draft, problem) => {
    expect(problemOf(field(key), draft)).toContain(problem)
  })

  it.each([
    ['task_timeout', '10m0s', '10 minutes'],
    ['delete_jobs_after', '0s', 'Never'],
    ['shaman.enabled', true, 'On'],
    ['job_type_memory', 2048, '2048 MiB'],
    ['shared_storage_path', '', 'empty'],
    ['variables.x', null, 'deleted'],
  ])('is shown in words: %s', (key, value, words) => {
    expect(shown(key, value)).toBe(words)
  })

  it('that was saved holds at once, after a restart, or already', () => {
    const saved = savedOf(['task_timeout', 'variables.x', 'listen', 'database'], ['database', 'mqtt.x'])
    expect(saved).toEqual({
      atOnce: ['task_timeout', 'variables.x'],
      restart: ['database'],
      running: ['listen'],
    })
    expect(sentences(saved)).toBe(
      'In effect now: Task timeout, variable x. Needs a restart: Database. Address: the Manager ' +
        'already uses this value, or its command line overrides it.',
    )
  })

  it('that deletes sooner than before is known', () => {
    const flat = (jobs: string, workers: string) =>
      new Map([['delete_jobs_after', jobs], ['delete_workers_after', workers]])
    expect(deletingSooner(flat('0s', '24h0m0s'), flat('168h0m0s', '12h0m0s'))).toHaveLength(2)
    expect(deletingSooner(flat('24h0m0s', '24h0m0s'), flat('0s', '48h0m0s'))).toEqual([])
  })
})

describe('a variable', () => {
  const named = (name: string, was: string | null = null): VariableDraft => ({
    ...newVariable(), name, was,
  })

  it.each([
    ['', 'needs a name'],
    ['  ', 'needs a name'],
    ['{x}', 'braces'],
    ['blender', 'another variable'],
    ['jobs', 'always the folder'],
  ])('has no name like %j', (name, problem) => {
    const draft = named(name)
    expect(problemsOf([named('blender', 'blender'), draft])[draft.id]).toContain(problem)
  })

  it('needs a platform for each value', () => {
    const draft = named('x')
    expect(problemsOf([draft])).toEqual({})
    const values = [{ ...draft.values[0]!, platforms: [] }]
    expect(Object.keys(problemsOf([{ ...draft, values }]))).toEqual([String(values[0]!.id)])
  })

  it('has values for all platforms or for some', () => {
    expect(toggled(['all'], 'linux')).toEqual(['linux'])
    expect(toggled(['linux'], 'darwin')).toEqual(['linux', 'darwin'])
    expect(toggled(['linux', 'darwin'], 'all')).toEqual(['all'])
    expect(toggled(['linux'], 'linux')).toEqual([])
  })
})
