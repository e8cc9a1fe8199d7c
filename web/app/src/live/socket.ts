/**
 * The live socket: one WebSocket that reconnects by itself and renews its subscriptions.
 *
 * A subscription comes with a `refetch`, called each time the Manager has confirmed it: after the
 * first connection, after each reconnection, and after the Manager had to drop events. What is
 * fetched then, with the events from there on, has no hole.
 */

import { reactive, readonly } from 'vue'

import type { LiveEvent, LiveMessage, Subscription, SubscriptionRequest } from '../api/events'

/** `lost` is a connection that was there before, or that failed at least once. */
export type ConnectionState = 'connecting' | 'live' | 'lost'

/** The part of WebSocket that is used here. */
export interface SocketLike {
  onopen: (() => void) | null
  onclose: (() => void) | null
  onmessage: ((message: { data: unknown }) => void) | null
  send(text: string): void
  close(): void
}

export interface LiveSocketOptions {
  open: () => SocketLike
  /** A number from 0 to 1 that spreads the reconnections of many pages. */
  random?: () => number
  onEvent: (event: LiveEvent) => void
  /** Called each time a connection is there; `again` after the first time. */
  onConnected?: (again: boolean) => void
  onRefused?: (message: string, subscription: Subscription | undefined) => void
}

const FIRST_DELAY_MS = 500
const LONGEST_DELAY_MS = 20_000

/** Milliseconds to wait before the reconnection numbered `attempt`, counted from 0. */
export function reconnectDelay(attempt: number, random: number): number {
  const full = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** attempt)
  return full / 2 + (full / 2) * random
}

interface Followed {
  subscription: Subscription
  refetch: () => void
}

/** The Manager confirms a subscription without a `uuid` with an empty one. */
function keyOf({ type, uuid }: Subscription): string {
  return `${type}/${uuid ?? ''}`
}

export class LiveSocket {
  private readonly status = reactive({ connection: 'connecting' as ConnectionState, retryAt: 0 })
  readonly state = readonly(this.status)

  private readonly followed = new Map<string, Followed>()
  private socket: SocketLike | null = null
  private attempt = 0
  private wasConnected = false
  private timer: ReturnType<typeof setTimeout> | undefined

  constructor(private readonly options: LiveSocketOptions) {}

  start(): void {
    this.connect()
  }

  stop(): void {
    clearTimeout(this.timer)
    const socket = this.socket
    this.detach()
    socket?.close()
  }

  /** Connects now instead of at the end of the current wait. */
  retryNow(): void {
    if (this.socket === null) this.connect()
  }

  /**
   * Subscribes for as long as the returned function is not called. Following the same thing again
   * replaces its refetch.
   */
  follow(subscription: Subscription, refetch: () => void): () => void {
    const key = keyOf(subscription)
    const entry: Followed = { subscription, refetch }
    this.followed.set(key, entry)
    this.request('subscribe', subscription)
    return () => {
      if (this.followed.get(key) !== entry) return
      this.followed.delete(key)
      this.request('unsubscribe', subscription)
    }
  }

  private connect(): void {
    clearTimeout(this.timer)
    const socket = this.options.open()
    this.socket = socket
    socket.onopen = () => this.opened()
    socket.onclose = () => this.closed()
    socket.onmessage = (message) => this.received(String(message.data))
  }

  private detach(): void {
    if (this.socket === null) return
    this.socket.onopen = this.socket.onclose = this.socket.onmessage = null
    this.socket = null
  }

  private opened(): void {
    this.status.connection = 'live'
    for (const { subscription } of this.followed.values()) this.request('subscribe', subscription)
    this.options.onConnected?.(this.wasConnected)
    this.wasConnected = true
  }

  private closed(): void {
    this.detach()
    const delay = reconnectDelay(this.attempt, (this.options.random ?? Math.random)())
    this.attempt += 1
    this.status.connection = 'lost'
    this.status.retryAt = Date.now() + delay
    this.timer = setTimeout(() => this.connect(), delay)
  }

  private received(text: string): void {
    // A connection counts as good once the Manager has said something: one that is accepted and
    // closed at once, as by a proxy without its Manager, keeps backing off.
    this.attempt = 0
    const message = JSON.parse(text) as LiveMessage
    if ('error' in message) {
      this.options.onRefused?.(message.error, message.subscription)
    } else if ('ok' in message) {
      if (message.ok.op === 'subscribe') this.followed.get(keyOf(message.ok))?.refetch()
    } else {
      this.options.onEvent(message)
      if (message.event === '/dropped') this.refetchAll()
    }
  }

  private refetchAll(): void {
    for (const { refetch } of this.followed.values()) refetch()
  }

  private request(op: SubscriptionRequest['op'], subscription: Subscription): void {
    if (this.status.connection !== 'live') return
    this.socket?.send(JSON.stringify({ op, ...subscription }))
  }
}
