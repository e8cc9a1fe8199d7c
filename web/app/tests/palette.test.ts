import { describe, expect, it } from 'vitest'

import { best, type Entry } from '../src/rules/palette'
import { shownValue } from '../src/rules/settings'

function entry(label: string, note = ''): Entry {
  return { key: label, kind: 'Job', label, note, run: () => undefined }
}

const entries = ['titles_v2', 'sh010_lighting', 'lighting', 'delighting'].map((label) => entry(label))

describe('the command palette', () => {
  it('finds all words, first where they begin', () => {
    expect(best(entries, 'lighting', 9).map(({ label }) => label)).toEqual(['lighting', 'sh010_lighting', 'delighting'])
    expect(best(entries, 'light sh0', 9).map(({ label }) => label)).toEqual(['sh010_lighting'])
    expect(best(entries, 'nothing', 9)).toEqual([])
  })

  it('finds by what stands beside, and shows no more than there is room for', () => {
    expect(best([entry('walk', 'Failed · anna'), entry('run')], 'anna', 9)).toHaveLength(1)
    expect(best(entries, '', 2)).toHaveLength(2)
  })
})

describe('a change of the configuration', () => {
  it('is shown with all values of a variable, and without a secret', () => {
    const variable = { is_twoway: true, values: [{ platform: 'linux', value: '/mnt' }, { platforms: ['windows'], audience: 'users', value: 'P:' }] }
    expect(shownValue('variables.projects', variable)).toBe('two-way\nlinux: /mnt\nwindows, users: P:')
    expect(shownValue('variables.projects', null)).toBe('not there')
    expect(shownValue('manager_name', '')).toBe('empty')
  })
})
