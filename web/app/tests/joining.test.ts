import { describe, expect, it } from 'vitest'

import type { ShownJoinToken } from '../src/api/types'
import { timeLeft } from '../src/rules/format'
import { ANY, goodFor, ONE, wantedToken } from '../src/rules/joining'

const FORM = { name: ' rack 3 ', joins: ONE, hours: 48, tags: ['gpu'] }
const TOKEN: ShownJoinToken = {
  id: 't', name: 'rack 3', tags: [], worker_id: '', once: true, created: '', expires: '', used: 0,
}

describe('a join token', () => {
  it('is for one new Worker, for any number of them, or for one that is there', () => {
    expect(wantedToken(FORM)).toEqual({ name: 'rack 3', hours: 48, once: true, tags: ['gpu'] })
    expect(wantedToken({ ...FORM, joins: ANY })).toMatchObject({ once: false, tags: ['gpu'] })
    expect(wantedToken({ ...FORM, joins: 'w1' })).toMatchObject({ once: true, tags: [], worker_id: 'w1' })
  })

  it('says what it is good for', () => {
    expect(goodFor(TOKEN, () => undefined)).toBe('one new Worker')
    expect(goodFor({ ...TOKEN, once: false }, () => undefined)).toBe('any number of new Workers')
    expect(goodFor({ ...TOKEN, worker_id: 'w' }, () => 'anna')).toBe('new credentials of anna')
  })
})

describe('the time left', () => {
  it('is told as people say it', () => {
    const now = Date.parse('2026-11-30T12:00:00Z')
    const later = (seconds: number) => timeLeft(new Date(now + seconds * 1000).toISOString(), now)
    expect([later(-5), later(1), later(90), later(47 * 3600)]).toEqual(['over', 'in a moment', 'in 2m', 'in 2d'])
  })
})
