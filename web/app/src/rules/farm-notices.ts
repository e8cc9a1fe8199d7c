/** Rules about the Manager's notices: how each kind looks, and where it leads. */

import type { NoticeKind, ShownNotice } from '../api/types'
import type { Tone } from './status'

/** As an event tells it. */
export type Told = Omit<ShownNotice, 'unread'>

/** Maximum number that is shown. */
export const MOST = 100

export function firstOf(notices: readonly ShownNotice[]): ShownNotice[] {
  return notices.slice(0, MOST)
}

/** The latest time of any: the Manager's clock may have been put back between two of them. */
export function lastTime(notices: readonly Told[]): string {
  return notices.reduce((last, { at }) => (Date.parse(at) > Date.parse(last) ? at : last), notices[0]?.at ?? '')
}

export const NOTICE_TONE: Record<NoticeKind, Tone> = {
  'job-done': 'done',
  'job-failed': 'failed',
  'job-canceled': 'canceled',
  'job-waits-for-approval': 'warning',
  'job-stuck': 'failed',
  'part-parked': 'failed',
  'worker-lost': 'failed',
  'worker-back': 'done',
  'worker-withheld': 'warning',
  'worker-waits-for-approval': 'warning',
  'worker-twice': 'failed',
  'disk-nearly-full': 'warning',
}

/** The page that shows what a notice is about; none of a disk. */
export function aboutWhat({ kind, job_id, worker_id }: Told): { name: string; params: Record<string, string> } | null {
  if (job_id) return { name: 'jobs', params: { jobID: job_id } }
  if (kind === 'part-parked') return { name: 'actors', params: {} }
  return worker_id ? { name: 'workers', params: { workerID: worker_id } } : null
}

export function unreadText(count: number): string {
  return count > 0 ? `Notices: ${count} unread` : 'Notices'
}

/** What a browser lets a page do outside of itself. */
export type Permission = 'default' | 'granted' | 'denied' | 'insecure' | 'unsupported'

/** Whether the person may want notifications outside of the page, and the browser may show them. */
export function possibleOutside(permission: Permission): boolean {
  return permission !== 'insecure' && permission !== 'unsupported'
}

/** Why there are no notifications outside of the page, though somebody wants them; empty: there are. */
export function whyNotOutside(permission: Permission): string {
  if (permission === 'insecure') {
    return 'Browsers show them only where the page is opened by HTTPS, or on the Manager’s own machine.'
  }
  if (permission === 'unsupported') return 'This browser does not let pages show them.'
  if (permission === 'denied') {
    return 'This browser blocks them: allow notifications in its settings for this site.'
  }
  return ''
}
