import { describe, expect, it } from 'vitest'

import type { JobSteps } from '../src/api/types'
import { BOX, columnsOf, stepGraph } from '../src/rules/steps'

function job(count: number, ...links: [number, number][]): JobSteps {
  const steps = Array.from({ length: count }, (_, at) => ({ type: 't', name: `${at}`, counts: {} }))
  return { steps, links: links.map(([before, after]) => ({ before, after })) }
}

describe('the steps of a job', () => {
  it.each<[string, JobSteps, number[]]>([
    ['beside each other without links', job(2), [0, 0]],
    ['one behind the other', job(3, [0, 1], [1, 2]), [0, 1, 2]],
    ['behind the last of those that they need', job(3, [0, 2], [0, 1], [1, 2]), [0, 1, 2]],
    ['also where what is needed comes later', job(2, [1, 0]), [1, 0]],
    ['in a circle too', job(2, [0, 1], [1, 0]), [1, 0]],
  ])('stand %s', (_, steps, columns) => expect(columnsOf(steps)).toEqual(columns))

  it('have places that do not overlap, and a curve for each link', () => {
    const graph = stepGraph(job(4, [0, 2], [1, 2], [2, 3]))
    expect(graph.links).toHaveLength(3)
    expect(new Set(graph.places.map(({ x, y }) => `${x} ${y}`)).size).toBe(4)
    expect(graph.places[1]!.y).toBeGreaterThanOrEqual(BOX.height)
    expect(graph.width).toBeGreaterThanOrEqual(3 * BOX.width)
    expect(graph.height).toBeGreaterThanOrEqual(2 * BOX.height)
  })
})
