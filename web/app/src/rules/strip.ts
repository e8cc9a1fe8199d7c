/** The strip of a job: a cell for each of its parts in order or, where there is no room, for several. */

import type { TaskStatus } from '../api/types'
import type { Tone } from './status'

/** What the strip shows, by place: there may be very many, of which few are drawn. */
export interface StripCells {
  readonly length: number
  /** -1 if it is gone. */
  placeOf(id: string): number
  id(place: number): string
  name(place: number): string
  tone(place: number): Tone
  /** Its status as the API names it. */
  status(place: number): string
  /** What stands for the task that makes it. */
  task(place: number): string
  /** The status of a task of which this is a part, as far as that is known. */
  asTask(place: number): TaskStatus
  /** Name, status, and who works on it. */
  text(place: number): string
  /** Address of its picture. */
  picture?(place: number): string | null
}

/** The first and the last place; the last one is below the first if there is none. */
export interface Span {
  first: number
  last: number
}

export interface StripTask extends Span {
  task: string
  /** Of a chunk, frames may be done while others are not. */
  statuses: readonly TaskStatus[]
}

/** The ids of its first and its last cell. */
export interface StripRange {
  from: string
  to: string
}

export interface StripPart extends Span {
  /** The place of the one that stands out, by which all are shown. */
  shown: number
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
const RANK = new Map(ORDER.map((tone, rank) => [tone, rank]))

export function wholeSpan({ length }: StripCells): Span {
  return { first: 0, last: length - 1 }
}

/** `most` parts and no more, all of the same number of cells but the last. */
export function stripParts(cells: StripCells, { first, last }: Span, most: number): StripPart[] {
  const size = Math.max(1, Math.ceil((last - first + 1) / Math.max(1, most)))
  const parts: StripPart[] = []
  for (let start = first; start <= last; start += size) {
    const end = Math.min(last, start + size - 1)
    let shown = start
    for (let place = start + 1; place <= end; place += 1) {
      if (RANK.get(cells.tone(place))! < RANK.get(cells.tone(shown))!) shown = place
    }
    parts.push({ first: start, last: end, shown })
  }
  return parts
}

/** "3 done, 1 failed" */
export function countsText(cells: StripCells, span: Span, label: (status: string) => string): string {
  const counts = new Map<string, number>()
  for (let place = span.first; place <= span.last; place += 1) {
    const status = cells.status(place)
    counts.set(status, (counts.get(status) ?? 0) + 1)
  }
  return [...counts].map(([status, count]) => `${count} ${label(status).toLowerCase()}`).join(', ')
}

/** What is said of a part: of several, how many are in which state. */
export function partText(cells: StripCells, part: StripPart, label: (status: string) => string): string {
  const alone = part.first === part.last
  return alone ? cells.text(part.shown) : `${rangeName(cells, part)}: ${countsText(cells, part, label)}`
}

/** "Frame 3 to Frame 9" */
export function rangeName(cells: StripCells, { first, last }: Span): string {
  return first === last ? cells.name(first) : `${cells.name(first)} to ${cells.name(last)}`
}

/** The places of a range, whichever of its ends comes first; null if there is none, or an end is gone. */
export function spanOf(cells: StripCells, range: StripRange | null): Span | null {
  if (!range) return null
  const [from, to] = [cells.placeOf(range.from), cells.placeOf(range.to)]
  return from < 0 || to < 0 ? null : { first: Math.min(from, to), last: Math.max(from, to) }
}

/** The tasks that make these cells, each once, in the status that each cell says. */
export function tasksOf(cells: StripCells, span: Span): StripTask[] {
  const found = new Map<string, Span & { statuses: TaskStatus[] }>()
  for (let place = span.first; place <= span.last; place += 1) {
    const task = cells.task(place)
    const known = found.get(task)
    if (known) {
      known.last = place
      known.statuses.push(cells.asTask(place))
    } else found.set(task, { first: place, last: place, statuses: [cells.asTask(place)] })
  }
  return [...found].map(([task, its]) => ({ task, ...its }))
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
