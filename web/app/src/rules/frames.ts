/** Rules about a job's progress, which people see in frames. */

import type { FrameCounts } from '../api/types'
import type { StatusCount, StatusLook } from './status'

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
