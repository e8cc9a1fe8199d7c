import { describe, expect, it } from 'vitest'

import { BACK, cameBack } from '../src/rules/access'

const at = (search: string, pathname = BACK) => cameBack({ pathname, search })

describe('what a provider says when the browser comes back', () => {
  it('is a code and a mark, or why nobody is let in', () => {
    expect(at('?code=c&state=s&iss=x')).toEqual({ code: 'c', state: 's', error: '' })
    expect(at('?error=access_denied&state=s')).toMatchObject({ error: 'access_denied' })
  })

  it('is no text of those who make a link', () => {
    expect(at('?error=Call%20+49%20now!&error_description=now')?.error).toBe('allnow')
  })

  it.each([
    ['', BACK],
    ['?code=c', BACK],
    ['?state=s', BACK],
    ['?code=c&state=s', '/app/jobs'],
  ])('is nothing in %s at %s', (search, pathname) => {
    expect(at(search, pathname)).toBeNull()
  })
})
