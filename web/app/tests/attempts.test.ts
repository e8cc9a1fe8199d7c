import { describe, expect, it } from 'vitest'

import type { PastAttempt } from '../src/api/types'
import { attemptTime, endingLook, failurePercent } from '../src/rules/attempts'

const STARTED = '2026-11-30T10:00:00Z'

function attempt(fields: Partial<PastAttempt> = {}): PastAttempt {
  return { started: STARTED, frames: '', ...fields } as PastAttempt
}

describe('an attempt', () => {
  it.each([
    [undefined, 'Running'],
    ['timed-out', 'Timed out'],
    ['of-a-newer-manager', 'of-a-newer-manager'],
  ])('that ended with %s is called %s', (ending, label) => {
    expect(endingLook(attempt(ending ? { ending } : {})).label).toBe(label)
  })

  it('takes until its end, or until now', () => {
    const now = Date.parse(STARTED) + 5_000
    expect(attemptTime(attempt(), now)).toBe('5.0 s')
    expect(attemptTime(attempt({ ended: '2026-11-30T10:02:00Z' }), now)).toBe('2 min 0 s')
    expect(attemptTime(attempt(), now - 60_000)).toBe('0.0 s')
  })
})

it('tells how much of the work failed', () => {
  expect(failurePercent({ completed: 2, failed: 1 })).toBe(33)
  expect(failurePercent({ completed: 0, failed: 0 })).toBe(0)
})
