import { describe, expect, it } from 'vitest'

import { canonical, inWords, seconds } from '../src/rules/durations'

describe('a duration', () => {
  it.each([
    ['10m0s', '10m0s', '10 minutes'],
    ['10m', '10m0s', '10 minutes'],
    [' 90 min ', '1h30m0s', '1 hour 30 minutes'],
    ['1.5 hours', '1h30m0s', '1 hour 30 minutes'],
    ['7d', '168h0m0s', '7 days'],
    ['2 weeks 1 day', '360h0m0s', '15 days'],
    ['744h0m0s', '744h0m0s', '31 days'],
    ['45s', '45s', '45 seconds'],
    ['1.5s', '1.5s', '1.5 seconds'],
    ['0.25s', '250ms', null],
    ['250us', '250µs', null],
    ['90ns', '90ns', null],
    ['0', '0s', null],
  ])('is read as people type it: %s', (typed, written, words) => {
    expect(canonical(typed)).toBe(written)
    expect(canonical(written)).toBe(written)
    expect(inWords(typed)).toBe(words)
  })

  it.each(['', '10', 'soon', '10 parsecs', '-1h', '1h 5', '1h,5m'])('is not: %s', (typed) => {
    expect(seconds(typed)).toBeNull()
    expect(canonical(typed)).toBe(typed)
  })
})
