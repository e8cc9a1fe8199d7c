/** The Manager's lasting connections to services outside, in words. */

import type { ShownConnection } from '../api/types'
import { plural } from './format'
import type { StatusLook } from './status'

const LOOKS: Readonly<Record<ShownConnection['state'], StatusLook>> = {
  off: { label: 'Off', tone: 'canceled' },
  connecting: { label: 'Connecting', tone: 'changing' },
  connected: { label: 'Connected', tone: 'done' },
  broken: { label: 'Broken', tone: 'failed' },
}

export function connectionLook({ state }: ShownConnection): StatusLook {
  return LOOKS[state]
}

export function connectionText({ to, reason, sent, lost }: ShownConnection): string {
  const parts = [
    to ?? '',
    reason ?? '',
    sent > 0 ? `${plural(sent, 'message has', 'messages have')} arrived` : '',
    lost > 0 ? `${plural(lost, 'message', 'messages')} had to make room` : '',
  ]
  return parts.filter(Boolean).join(', ')
}
