/** The page's one live store and its API client. */

import { computed } from 'vue'

import { createApi } from '../api/client'
import { browserID } from '../dom/browser-id'
import { gathering } from '../dom/gathering'
import { notifyError } from '../notices'
import { createLiveStore } from './store'
import type { SocketLike } from './socket'

function openSocket(): SocketLike {
  const url = new URL('/api/v3/live', location.href)
  url.protocol = url.protocol.replace('http', 'ws')
  return new WebSocket(url) as SocketLike
}

export const live = createLiveStore({
  api: createApi(),
  openSocket,
  onTrouble: notifyError,
  later: gathering(),
  browser: browserID,
  onOtherVersion: () => location.reload(),
})

/** What is shown may be out of date, and nothing can be asked for. */
export const offline = computed(() => live.connection.connection === 'lost')
