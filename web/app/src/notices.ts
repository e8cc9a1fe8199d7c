/** Short messages to the user: what an action did, and what went wrong. */

import { shallowReactive } from 'vue'

export interface Notice {
  id: number
  kind: 'done' | 'error'
  text: string
}

const SHOWN_MS = 5_000
const ERROR_SHOWN_MS = 15_000
const MAX_SHOWN = 5

export const notices = shallowReactive<Notice[]>([])
let lastID = 0

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
  const id = ++lastID
  notices.push({ id, kind, text })
  if (notices.length > MAX_SHOWN) notices.shift()
  setTimeout(() => dismiss(id), time)
}
