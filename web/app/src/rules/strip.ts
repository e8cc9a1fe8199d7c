/** The strip of a job: a cell for each of its parts in order or, where there is no room, for several. */

import type { TaskStatus } from '../api/types'
import type { Tone } from './status'

export interface StripCell {
  id: string
  tone: Tone
  /** Its status as the API names it. */
  status: string
  name: string
  /** Name, status, and who works on it. */
  text: string
  /** Id of the task that makes it. */
  task: string
  /** The status of a task of which this is a part, as far as that is known. */
  asTask: TaskStatus
  /** Address of its picture. */
  picture?: string | null
}

export interface StripTask {
  id: string
  name: string
  /** Of a chunk, frames may be done while others are not. */
  statuses: readonly TaskStatus[]
}

/** The ids of its first and its last cell. */
export interface StripRange {
  from: string
  to: string
}

export interface StripPart {
  cells: readonly StripCell[]
  /** The one that stands out, by which all are shown. */
  shown: StripCell
}

/** What stands out beside what: trouble before work, and what is left before what is done. */
const ORDER: readonly Tone[] = [
  'failed',
  'warning',
  'active',
  'changing',
  'paused',
  'queued',
  'canceled',
  'done',
]

/** `most` parts and no more, all of the same number of cells but the last. */
export function stripParts(cells: readonly StripCell[], most: number): StripPart[] {
  const size = Math.max(1, Math.ceil(cells.length / Math.max(1, most)))
  const parts: StripPart[] = []
  for (let start = 0; start < cells.length; start += size) {
    const those = cells.slice(start, start + size)
    const shown = those.reduce((best, cell) =>
      ORDER.indexOf(cell.tone) < ORDER.indexOf(best.tone) ? cell : best,
    )
    parts.push({ cells: those, shown })
  }
  return parts
}

/** "3 done, 1 failed" */
export function countsText(cells: readonly StripCell[], label: (status: string) => string): string {
  const counts = new Map<string, number>()
  for (const { status } of cells) counts.set(status, (counts.get(status) ?? 0) + 1)
  return [...counts].map(([status, count]) => `${count} ${label(status).toLowerCase()}`).join(', ')
}

/** What is said of a part: of several, how many are in which state. */
export function partText({ cells, shown }: StripPart, label: (status: string) => string): string {
  return cells.length === 1 ? shown.text : `${rangeName(cells)}: ${countsText(cells, label)}`
}

/** "Frame 3 to Frame 9" */
export function rangeName(cells: readonly StripCell[]): string {
  const [first, last] = [cells[0]?.name ?? '', cells.at(-1)?.name]
  return cells.length === 1 ? first : `${first} to ${last}`
}

/** The cells of a range, whichever of its ends comes first; none if an end is gone. */
export function cellsBetween(cells: readonly StripCell[], range: StripRange | null): readonly StripCell[] {
  if (!range) return []
  const ends = [range.from, range.to].map((id) => cells.findIndex((cell) => cell.id === id))
  const [first, last] = [Math.min(...ends), Math.max(...ends)]
  return first < 0 ? [] : cells.slice(first, last + 1)
}

/** The tasks that make these cells, each once, named by their cells, in the status that each says. */
export function tasksOf(cells: readonly StripCell[]): StripTask[] {
  const byTask = new Map<string, StripCell[]>()
  for (const cell of cells) {
    const its = byTask.get(cell.task)
    if (its) its.push(cell)
    else byTask.set(cell.task, [cell])
  }
  return [...byTask].map(([id, its]) => ({ id, name: rangeName(its), statuses: its.map(({ asTask }) => asTask) }))
}

const STEPS = [1, 2, 5, 10, 20, 25, 50]

/** The places of the cells whose number is written below them: evenly, at most `most`. */
export function tickPlaces(count: number, most: number): number[] {
  if (count === 0 || most < 1) return []
  let scale = 1
  let step = STEPS.find((each) => count / each <= most)
  while (step === undefined) {
    scale *= 10
    step = STEPS.find((each) => count / (each * scale) <= most)
  }
  return Array.from({ length: Math.ceil(count / (step * scale)) }, (_, at) => at * step! * scale)
}
