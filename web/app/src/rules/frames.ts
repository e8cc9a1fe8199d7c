/** Rules about a job's progress, which people see in frames. */

import type { FrameChange } from '../api/events'
import type { FrameCounts, FrameState, ListedFrame } from '../api/types'
import type { StatusCount, StatusLook } from './status'
import type { FrameRow } from './frame-row'
import type { StripCells } from './strip'

type Shown = ListedFrame['pictures'][number]
type Part = 'done' | 'active' | 'failed' | 'rest'

const LOOKS: Record<Part, StatusLook> = {
  done: { label: 'done', tone: 'done' },
  active: { label: 'active', tone: 'active' },
  failed: { label: 'failed', tone: 'failed' },
  rest: { label: 'to do', tone: 'queued' },
}

/** "103 of 240 frames"; a job that makes no frames counts its tasks. */
export function progressText({ done, total, are_tasks }: FrameCounts): string {
  return `${done} of ${total} ${are_tasks ? 'task' : 'frame'}${total === 1 ? '' : 's'}`
}

/** The parts of a bar, without the empty ones. */
export function progressParts(frames: FrameCounts): StatusCount<Part>[] {
  const { total, done, active, failed } = frames
  const counts = { done, active, failed, rest: total - done - active - failed }
  return (Object.keys(LOOKS) as Part[])
    .map((status) => ({ status, count: counts[status], look: LOOKS[status] }))
    .filter(({ count }) => count > 0)
}

export const FRAME_STATE: Record<FrameState, StatusLook> = {
  queued: { label: 'To do', tone: 'queued' },
  active: { label: 'Rendering', tone: 'active' },
  done: { label: 'Done', tone: 'done' },
  failed: { label: 'Failed', tone: 'failed' },
  canceled: { label: 'Canceled', tone: 'canceled' },
}

export function frameLabel(state: string): string {
  return FRAME_STATE[state as FrameState].label
}

/** A frame that is done, but may be wrong, stands out beside the others. */
export function frameLook({ state, warnings }: ListedFrame): StatusLook {
  const look = FRAME_STATE[state]
  return state === 'done' && warnings?.length ? { label: `${look.label}, with a warning`, tone: 'warning' } : look
}

/** "Frame 7: Done, 18 s, anna" */
export function frameText(frame: ListedFrame): string {
  const by = frame.worker?.name ? `, ${frame.worker.name}` : ''
  const took = frame.seconds === undefined ? '' : `, ${frameTime(frame.seconds)}`
  return `Frame ${frame.frame}: ${frameLook(frame).label}${took}${by}`
}

/** Frames in the strip of their job; `detailed` gives one with what is known of it. */
export function frameCells(row: FrameRow, detailed: (place: number) => ListedFrame): StripCells {
  return {
    length: row.length,
    placeOf: (id) => row.placeOf(Number(id)),
    id: (place) => String(row.numbers[place]),
    name: (place) => `Frame ${row.numbers[place]}`,
    tone: (place) =>
      row.stateAt(place) === 'done' && row.isWarnedAt(place) ? 'warning' : FRAME_STATE[row.stateAt(place)].tone,
    status: (place) => row.stateAt(place),
    task: (place) => String(row.chunkAt(place)),
    asTask: (place) => {
      const state = row.stateAt(place)
      return state === 'done' ? 'completed' : state
    },
    text: (place) => frameText(detailed(place)),
    picture: (place) => pictureOf(detailed(place), 'small'),
  }
}

/** The time that a frame took, as people say it. */
export function frameTime(took: number): string {
  if (took < 9.95) return `${took.toFixed(1)} s`
  const seconds = Math.round(took)
  if (seconds < 100) return `${seconds} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 100) return `${minutes} min ${seconds % 60} s`
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

/** The address of a frame's picture, of the first output that has one. */
export function pictureOf({ pictures }: ListedFrame, size: 'small' | 'large'): string | null {
  for (const picture of pictures) {
    const address = size === 'large' ? (picture.large ?? picture.small) : (picture.small ?? picture.large)
    if (address) return address
  }
  return null
}

/** What an approval is about: the last frame of the tasks that it needs which has a picture; null if none has. */
export function frameToApprove(
  { depends_on = [] }: { depends_on?: readonly string[] | undefined },
  frames: readonly ListedFrame[],
): { number: number; picture: string } | null {
  const needed = new Set(depends_on)
  const last = frames.findLast((frame) => needed.has(frame.task) && pictureOf(frame, 'small') !== null)
  return last ? { number: last.frame, picture: pictureOf(last, 'small')! } : null
}

/** The outputs of a frame that have pictures: scenes, views, and what File Output nodes add. */
export function outputsOf({ pictures }: ListedFrame): string[] {
  return pictures.filter(({ small, large }) => small || large).map(({ output }) => output)
}

/** Why a frame has no picture, if that is known. */
export function whyNoPicture({ pictures }: ListedFrame): string {
  return pictures.find(({ reason }) => reason)?.reason ?? ''
}

/** The views of a frame, and behind them what File Output nodes add, whose names have a slash. */
function byRank(one: Shown, other: Shown): number {
  const added = Number(one.output.includes('/')) - Number(other.output.includes('/'))
  return added || (one.output < other.output ? -1 : 1)
}

/** What an event tells of a frame, on top of what was known: it leaves out what has not changed. */
export function changedFrame(known: ListedFrame, change: FrameChange): ListedFrame {
  const { files, pictures, ...plain } = change
  const newer = new Map(known.pictures.map((picture) => [picture.output, picture]))
  for (const picture of pictures ?? []) {
    if ((newer.get(picture.output)?.lease ?? -1) <= picture.lease) newer.set(picture.output, picture)
  }
  return {
    ...known,
    ...plain,
    pictures: [...newer.values()].sort(byRank),
    ...(files && { files: [...new Set([...(known.files ?? []), ...files])] }),
  }
}
