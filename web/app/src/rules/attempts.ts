/** Attempts at tasks, as they are told of a Worker or a job. */

import type { PastAttempt, WorkDone } from '../api/types'
import { frameTime } from './frames'
import type { StatusLook } from './status'

const ENDINGS: Readonly<Record<string, StatusLook>> = {
  completed: { label: 'Completed', tone: 'done' },
  failed: { label: 'Failed', tone: 'failed' },
  'timed-out': { label: 'Timed out', tone: 'failed' },
  returned: { label: 'Returned', tone: 'canceled' },
  withdrawn: { label: 'Withdrawn', tone: 'canceled' },
}

const UNDER_WAY: StatusLook = { label: 'Running', tone: 'active' }

export function endingLook({ ending }: Pick<PastAttempt, 'ending'>): StatusLook {
  if (ending === undefined) return UNDER_WAY
  return ENDINGS[ending] ?? { label: ending, tone: 'canceled' }
}

/** How long it took, or has taken so far; `now` in milliseconds since the epoch. */
export function attemptTime({ started, ended }: PastAttempt, now: number): string {
  const end = ended === undefined ? now : Date.parse(ended)
  return frameTime(Math.max(0, (end - Date.parse(started)) / 1000))
}

/** Per cent of its attempts that failed; 0 without any. */
export function failurePercent({ completed, failed }: Pick<WorkDone, 'completed' | 'failed'>): number {
  const all = completed + failed
  return all === 0 ? 0 : Math.round((100 * failed) / all)
}
