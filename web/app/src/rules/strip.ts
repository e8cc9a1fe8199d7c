/** The strip of a job: a cell for each of its parts in order or, where there is no room, for several. */

import type { Tone } from './status'

export interface StripCell {
  id: string
  tone: Tone
  /** Its status as the API names it. */
  status: string
  name: string
  /** Name, status, and who works on it. */
  text: string
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

/** What is said of a part: of several, how many are in which state. */
export function partText({ cells, shown }: StripPart, label: (status: string) => string): string {
  if (cells.length === 1) return shown.text
  const counts = new Map<string, number>()
  for (const { status } of cells) counts.set(status, (counts.get(status) ?? 0) + 1)
  const states = [...counts].map(([status, count]) => `${count} ${label(status).toLowerCase()}`)
  return `${cells[0]?.name} to ${cells.at(-1)?.name}: ${states.join(', ')}`
}
