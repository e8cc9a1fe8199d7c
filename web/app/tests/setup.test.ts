import { describe, expect, it } from 'vitest'

import type { BlenderPathCheckResult } from '../src/api/types'
import {
  blenderCommand,
  chosenBlender,
  chosenKey,
  chosenStorage,
  mayVisit,
  NO_ANSWERS,
  runsAsSetUp,
  setupOf,
  takesLong,
  typedPath,
} from '../src/rules/setup'

const ON_PATH: BlenderPathCheckResult = {
  input: 'blender',
  path: '/usr/bin/blender',
  source: 'path_envvar',
  is_usable: true,
  cause: 'Blender 4.5.1',
}
const OWN: BlenderPathCheckResult = {
  ...ON_PATH,
  input: 'C:\\Blender\\blender.exe',
  path: 'C:\\Blender\\blender.exe',
  source: 'input_path',
}
const STORAGE = { storage: 'F:\\farm', checkedStorage: 'F:\\farm' }
const WHOLE = { ...NO_ANSWERS, ...STORAGE, found: [ON_PATH] }

describe('what the setup assistant is told', () => {
  it('takes a path as it is, without the blanks and quotes that copying adds', () => {
    expect(typedPath(' /mnt/my farm\n')).toBe('/mnt/my farm')
    expect(typedPath('"F:\\my farm"')).toBe('F:\\my farm')
    expect(typedPath('\\\\server\\farm\\')).toBe('\\\\server\\farm\\')
    expect(typedPath('""')).toBe('""')
  })

  it('wants a storage checked again that has changed', () => {
    expect(chosenStorage(WHOLE)).toBe('F:\\farm')
    expect(chosenStorage({ ...WHOLE, storage: '"F:\\farm" ' })).toBe('F:\\farm')
    expect(chosenStorage({ ...WHOLE, storage: 'F:\\other' })).toBeNull()
    expect(chosenStorage(NO_ANSWERS)).toBeNull()
  })

  it('proposes the Blender that was found, else to go on without', () => {
    expect(chosenKey(NO_ANSWERS)).toBeNull()
    expect(chosenKey({ ...NO_ANSWERS, found: [ON_PATH] })).toBe('path_envvar')
    expect(chosenKey({ ...NO_ANSWERS, found: [] })).toBe('skip')
    expect(chosenKey({ ...NO_ANSWERS, chosen: 'own' })).toBe('own')
  })

  it('wants a Blender of one’s own checked as it is typed now', () => {
    const own = { ...WHOLE, chosen: 'own' as const, blender: OWN.input, checkedBlender: OWN }
    expect(chosenBlender(own)).toEqual(OWN)
    expect(chosenBlender({ ...own, blender: 'D:\\blender.exe' })).toBeNull()
    expect(chosenBlender({ ...own, checkedBlender: null })).toBeNull()
  })

  it('sends what is chosen, once all of it is', () => {
    expect(setupOf(WHOLE)).toEqual({ storageLocation: 'F:\\farm', blenderExecutable: ON_PATH })
    expect(setupOf({ ...WHOLE, chosen: 'skip' })?.blenderExecutable.source).toBe('default')
    expect(setupOf({ ...WHOLE, found: null })).toBeNull()
    expect(setupOf({ ...WHOLE, checkedStorage: null })).toBeNull()
  })

  it('says what Workers are going to run', () => {
    expect(blenderCommand(ON_PATH)).toBe('blender')
    expect(blenderCommand({ ...ON_PATH, source: 'file_association' })).toBe('blender')
    expect(blenderCommand({ ...ON_PATH, source: 'default', path: '' })).toBe('blender')
    expect(blenderCommand(OWN)).toBe('C:\\Blender\\blender.exe')
  })
})

describe('the steps of the setup assistant', () => {
  it('can be gone back to, not ahead of', () => {
    expect(mayVisit('welcome', 2, WHOLE)).toBe(true)
    expect(mayVisit('blender', 2, WHOLE)).toBe(true)
    expect(mayVisit('review', 2, WHOLE)).toBe(false)
  })

  it('can be gone to only over answers that still hold', () => {
    const changed = { ...WHOLE, storage: '/elsewhere' }
    expect(mayVisit('storage', 3, changed)).toBe(true)
    expect(mayVisit('blender', 3, changed)).toBe(false)
    expect(mayVisit('review', 3, WHOLE)).toBe(true)
    expect(mayVisit('blender', 3, { ...WHOLE, chosen: 'own' })).toBe(true)
    expect(mayVisit('review', 3, { ...WHOLE, chosen: 'own' })).toBe(false)
  })
})

describe('the Manager’s new start', () => {
  it('is over when it runs with the new storage', () => {
    const now = { storageLocation: '/farm', shamanEnabled: true, isFirstRun: false }
    expect(runsAsSetUp({ ...now, isFirstRun: true })).toBe(false)
    expect(runsAsSetUp({ ...now, restart_needed_for: ['shared_storage_path'] })).toBe(false)
    expect(runsAsSetUp({ ...now, restart_needed_for: ['listen'] })).toBe(true)
    expect(runsAsSetUp(now)).toBe(true)
  })

  it('takes seconds, not half a minute', () => {
    expect(takesLong(3_000)).toBe(false)
    expect(takesLong(30_000)).toBe(true)
  })
})
