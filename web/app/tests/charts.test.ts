import { describe, expect, it } from 'vitest'

import { secondsOfBar, spanOfChart } from '../src/rules/charts'

describe('a chart of bars', () => {
  it('shows the whole of its last bar', () => {
    const hours = [0, 3600, 7200]
    expect(spanOfChart(0, 7200, secondsOfBar(hours, true))).toEqual([0, 10_800])
  })

  it('shows lines up to their last value, and ten minutes at least', () => {
    expect(spanOfChart(0, 7200, secondsOfBar([0, 60], false))).toEqual([0, 7200])
    expect(spanOfChart(7000, 7200, 0)).toEqual([6600, 7200])
    expect(secondsOfBar([60], true)).toBe(0)
  })
})
