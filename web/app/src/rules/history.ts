/** What the history of a job says of each entry. */

import type { HistoryEntry, JobStatus, TaskStatus } from '../api/types'
import { JOB_STATUS, TASK_STATUS, type Tone } from './status'

const REQUESTS: Record<string, string> = {
  submit: 'Submitted',
  setstatus: 'Asked for a status',
  setpriority: 'Changed the priority',
  settag: 'Changed the tag',
  setkeep: 'Kept from the clean-up, or no longer',
  setarchived: 'Archived, or brought back',
  delete: 'Asked to delete it',
  unblock: 'Unblocked Workers',
  'task-setstatus': 'Asked for a status of tasks',
}

/** What a request says by its details alone: {request: {detail: what it says}}. */
const BY_DETAIL: Record<string, Record<string, string>> = {
  setkeep: { true: 'Kept from the clean-up', false: 'No longer kept from the clean-up' },
  setarchived: { true: 'Archived', false: 'Brought back from the archive' },
}

export interface Told {
  text: string
  detail: string
  tone: Tone | null
}

/** `tag` gives the name of a tag, by its id. */
export function toldOf(entry: HistoryEntry, tag: (id: string) => string): Told {
  const { kind, what, detail, count } = entry
  if (kind === 'status') {
    const look = JOB_STATUS[what as JobStatus]
    const why = detail.startsWith(`${what}: `) ? detail.slice(what.length + 2) : detail
    return { text: look?.label ?? what, detail: why, tone: look?.tone ?? null }
  }
  const alone = BY_DETAIL[what]?.[detail]
  if (alone) return { text: alone, detail: '', tone: null }
  const times = count > 1 ? ` (${count} times)` : ''
  return { text: `${REQUESTS[what] ?? what}${times}`, detail: detailOf(what, detail, tag), tone: null }
}

function detailOf(what: string, detail: string, tag: (id: string) => string): string {
  if (what === 'settag') return detail ? tag(detail) : 'none: all Workers'
  if (!what.endsWith('setstatus')) return detail
  const [status = '', ...reason] = detail.split(': ')
  const look = JOB_STATUS[status as JobStatus] ?? TASK_STATUS[status as TaskStatus]
  return [look?.label ?? status, ...reason].join(': ')
}

/** Who did it, as part of a line; nothing where nobody asked. */
export function byWhom({ kind, by }: HistoryEntry): string {
  if (kind === 'status') return ''
  return by === 'page' ? 'on the page' : by === 'API' ? 'by a script' : `by the ${by}`
}
