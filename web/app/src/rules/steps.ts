/** How the steps of a job are drawn: from left to right, each behind what it needs. */

import type { JobSteps } from '../api/types'

export const BOX = { width: 190, height: 92 }
const GAP = { x: 54, y: 16 }

export interface StepPlace {
  x: number
  y: number
}

export interface StepGraph {
  places: readonly StepPlace[]
  /** Curves as SVG paths. */
  links: readonly string[]
  width: number
  height: number
}

/** The column of each step: one behind the last of those that it needs. A circle is cut where it closes. */
export function columnsOf({ steps, links }: JobSteps): number[] {
  const needs = steps.map((_, at) => links.filter(({ after }) => after === at).map(({ before }) => before))
  const columns: number[] = []
  const columnOf = (at: number): number => {
    const known = columns[at]
    if (known !== undefined) return known
    columns[at] = -1
    columns[at] = Math.max(0, ...needs[at]!.map((before) => columnOf(before) + 1))
    return columns[at]
  }
  return steps.map((_, at) => columnOf(at))
}

export function stepGraph(found: JobSteps): StepGraph {
  const columns = columnsOf(found)
  const filled: number[] = []
  const places = columns.map((column) => {
    const row = filled[column] ?? 0
    filled[column] = row + 1
    return { x: column * (BOX.width + GAP.x), y: row * (BOX.height + GAP.y) }
  })
  const most = Math.max(0, ...filled)
  return {
    places,
    links: found.links.map(({ before, after }) => curve(places[before]!, places[after]!)),
    width: filled.length * (BOX.width + GAP.x) - GAP.x,
    height: most * (BOX.height + GAP.y) - GAP.y,
  }
}

function curve(from: StepPlace, to: StepPlace): string {
  const [x1, y1] = [from.x + BOX.width, from.y + BOX.height / 2]
  const [x2, y2] = [to.x, to.y + BOX.height / 2]
  const bend = Math.max(GAP.x / 2, Math.abs(x2 - x1) / 2)
  return `M ${x1} ${y1} C ${x1 + bend} ${y1}, ${x2 - bend} ${y2}, ${x2} ${y2}`
}
