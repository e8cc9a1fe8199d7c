import { describe, expect, it } from 'vitest'

import type { KeptPicture, ListedFrame } from '../src/api/types'
import { counterparts } from '../src/rules/comparison'
import { actualScale, FIT, panned, zoomed } from '../src/rules/zoom'

describe('zooming a picture', () => {
  it('leaves what is pointed at where it is', () => {
    const point = { x: 120, y: -40 }
    const there = (zoom: typeof FIT) => [(point.x - zoom.x) / zoom.scale, (point.y - zoom.y) / zoom.scale]
    const before = panned(zoomed(FIT, 2), 7, 9)
    const after = zoomed(before, 1.7, point)
    expect(there(after)[0]).toBeCloseTo(there(before)[0]!)
    expect(there(after)[1]).toBeCloseTo(there(before)[1]!)
  })

  it('has an end in both directions', () => {
    expect(zoomed(FIT, 1e9).scale).toBe(32)
    expect(zoomed(FIT, 1e-9).scale).toBe(0.25)
  })

  it('shows a pixel as a pixel', () => {
    expect(actualScale({ width: 600, height: 300 }, { width: 1200, height: 900 })).toBe(0.5)
    expect(actualScale({ width: 600, height: 300 }, { width: 300, height: 900 })).toBe(2)
  })
})

describe('what a frame is compared with', () => {
  const kept = (lease: number, fields: Partial<KeptPicture> = {}): KeptPicture => ({
    frame: 7, output: '', task: 't', lease, made: '2026-01-01T00:00:00Z', large: `/${lease}`, ...fields,
  })
  const neighbour = (frame: number, large?: string): ListedFrame => ({
    frame, state: 'done', task: 't', attempt: 1, pictures: large ? [{ output: '', lease: 1, large }] : [],
  })

  it('is its earlier attempts, the newest first, then its neighbours that have a picture', () => {
    const found = counterparts([kept(1), kept(2), kept(3)], '/3', neighbour(6, '/six'), neighbour(8), () => 'noon')
    expect(found.map(({ label }) => label)).toEqual(['Attempt 2, noon', 'Attempt 1, noon', 'Frame 6'])
  })

  it('is not what has no picture', () => {
    const none = { frame: 7, output: '', task: 't', lease: 1, made: '', reason: 'deep' }
    expect(counterparts([none], null, undefined, undefined, String)).toEqual([])
  })
})
