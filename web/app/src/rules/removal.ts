/** What the removal of a Worker means (docs/worker-protocol.md, "Registration"). */

import type { WorkerSummary } from '../api/types'
import { WORKER_STATUS } from './status'

export interface Removal {
  what: string
  /** What speaks against it now. */
  warning: string
}

export function removalOf(worker: Pick<WorkerSummary, 'status' | 'parked'>): Removal {
  const what =
    'Its tags and its sleep schedule are forgotten. If it comes back, it registers as a new Worker.'
  if (worker.parked || worker.status === 'offline') return { what, warning: '' }
  const status = WORKER_STATUS[worker.status].label.toLowerCase()
  return {
    what,
    warning: `It is not offline but ${status}. Shut it down first: a running Worker loses its task to others, and registers again.`,
  }
}
