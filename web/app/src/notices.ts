/** Short messages to the user: what an action did, and what went wrong; and those that are gone. */

import { useLocalStorage } from '@vueuse/core'
import { shallowReactive } from 'vue'

export interface Notice {
  id: number
  kind: 'done' | 'error'
  text: string
}

export interface PastNotice extends Omit<Notice, 'id'> {
  /** When it came, in RFC 3339. */
  time: string
}

const SHOWN_MS = 5_000
const ERROR_SHOWN_MS = 15_000
const MAX_SHOWN = 5
const MAX_KEPT = 50

export const notices = shallowReactive<Notice[]>([])
/** Newest first; kept in this browser. */
export const history = useLocalStorage<PastNotice[]>('notices', [])
/** Number of the newest that nobody has looked at. */
export const unread = useLocalStorage('notices-unread', 0)
let lastID = 0

export function markRead(): void {
  unread.value = 0
}

export function forgetNotices(): void {
  history.value = []
  markRead()
}

export function dismiss(id: number): void {
  const index = notices.findIndex((notice) => notice.id === id)
  if (index >= 0) notices.splice(index, 1)
}

export function notify(text: string): void {
  show('done', text, SHOWN_MS)
}

export function notifyError(text: string): void {
  show('error', text, ERROR_SHOWN_MS)
}

/** The same message is shown once, however often it comes. */
function show(kind: Notice['kind'], text: string, time: number): void {
  const same = notices.find((notice) => notice.kind === kind && notice.text === text)
  if (same) dismiss(same.id)
  else {
    history.value = [{ kind, text, time: new Date().toISOString() }, ...history.value].slice(0, MAX_KEPT)
    unread.value = Math.min(unread.value + 1, MAX_KEPT)
  }
  const id = ++lastID
  notices.push({ id, kind, text })
  if (notices.length > MAX_SHOWN) notices.shift()
  setTimeout(() => dismiss(id), time)
}
