import { describe, expect, it } from 'vitest'

import type { AuditLine } from '../src/api/types'
import { changesOf, jsonLines, placeOf, spelledOut, subjectOf, wantedLines } from '../src/rules/audit'

const LINE: AuditLine = {
  number: 7,
  at: '2026-11-30T12:00:00Z',
  who: 'Ann',
  address: '',
  operation: 'changeUser',
  about: '',
  subject: '',
  asked: {},
  before: {},
  after: {},
  previous: '',
  hash: '',
}
const ANY = { who: '', operation: '', about: '', subject: '', since: '', until: '' }

describe('the audit log', () => {
  it('is asked for nothing that was not chosen', () => {
    expect(wantedLines(ANY)).toEqual({})
    expect(wantedLines({ ...ANY, who: ' ann ', since: 'no day' })).toEqual({ who: 'ann' })
  })

  it('takes the last day as a whole', () => {
    const { since, until } = wantedLines({ ...ANY, since: '2026-11-30', until: '2026-11-30' })
    expect(Date.parse(until!) - Date.parse(since!)).toBe(24 * 3600 * 1000)
  })

  it('shows each value that changed, before and after', () => {
    const line = { ...LINE, before: { role: 'artist', tags: ['a'] }, after: { role: 'viewer', name: '' } }
    expect(changesOf(line)).toEqual([
      { key: 'role', before: 'artist', after: 'viewer' },
      { key: 'tags', before: '["a"]', after: null },
      { key: 'name', before: null, after: '' },
    ])
    expect(changesOf(LINE)).toEqual([])
  })

  it('calls things by their names, and leads to them', () => {
    const line = { ...LINE, about: 'job', subject: 'j1' }
    expect(subjectOf(line, () => 'Shot 7')).toBe('job Shot 7')
    expect(subjectOf(line, () => undefined)).toBe('job j1')
    expect(placeOf(line)).toEqual({ name: 'jobs', params: { jobID: 'j1' } })
    expect(placeOf(LINE)).toBeNull()
    expect(spelledOut('updateConfigurationFile')).toBe('update configuration file')
  })

  it('is exported a line each', () => {
    expect(jsonLines([LINE, LINE]).split('\n')).toEqual([JSON.stringify(LINE), JSON.stringify(LINE), ''])
  })
})
