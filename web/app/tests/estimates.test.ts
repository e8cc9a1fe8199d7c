import { describe, expect, it } from 'vitest'

import { etaText, runSeconds } from '../src/rules/estimates'

const NOW = new Date(2026, 2, 10, 12, 0)

/** A time of the reader's clock, so many days from today. */
function at(days: number, hours: number, minutes = 0): string {
  return new Date(2026, 2, 10 + days, hours, minutes).toISOString()
}

function range(earliest: string, latest: string): string {
  return etaText({ earliest, likely: earliest, latest }, NOW.getTime())
}

function day(days: number, options: Intl.DateTimeFormatOptions): string {
  return new Date(2026, 2, 10 + days).toLocaleDateString(undefined, options)
}

describe('when a job is likely to be done', () => {
  it('is a range of the clock, today', () => {
    expect(range(at(0, 12, 10), at(0, 14, 5))).toBe('12:10 – 14:05')
  })

  it('has each day that is not today', () => {
    const [tomorrow, later] = [day(1, { weekday: 'short' }), day(2, { weekday: 'short' })]
    expect(range(at(0, 23, 50), at(1, 0, 20))).toBe(`23:50 – ${tomorrow} 00:20`)
    expect(range(at(1, 8), at(1, 9, 30))).toBe(`${tomorrow} 08:00 – 09:30`)
    expect(range(at(1, 8), at(2, 8))).toBe(`${tomorrow} 08:00 – ${later} 08:00`)
  })

  it('has the date of a day that could be of another week', () => {
    const date = day(9, { day: 'numeric', month: 'short' })
    expect(range(at(9, 8), at(9, 9))).toBe(`${date} 08:00 – 09:00`)
  })

  it('is one time where both ends are within a minute', () => {
    expect(range(at(0, 12, 10), at(0, 12, 10))).toBe('12:10')
    expect(range(at(1, 8), at(1, 8))).toBe(`${day(1, { weekday: 'short' })} 08:00`)
  })
})

describe('how long a job has run', () => {
  it('grows until it ends', () => {
    expect(runSeconds({ started: at(0, 11) }, NOW.getTime())).toBe(3600)
    expect(runSeconds({ started: at(0, 11), ended: at(0, 11, 30) }, NOW.getTime())).toBe(1800)
  })

  it('is not known before it starts, and never below 0 with a clock that is wrong', () => {
    expect(runSeconds({}, NOW.getTime())).toBe(-1)
    expect(runSeconds({ started: at(0, 13) }, NOW.getTime())).toBe(0)
  })
})
