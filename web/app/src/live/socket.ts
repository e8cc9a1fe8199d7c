/**
 * The live socket: one WebSocket that reconnects by itself and goes on where it was.
 *
 * A subscription comes with a `refetch`, called once the Manager has confirmed it. What is fetched
 * then, with the events from there on, has no hole. After a reconnection the Manager tells what
 * happened meanwhile; where it can't, it says so, and everything is fetched again.
 */

import { reactive, readonly } from 'vue'

import type { LiveEvent, LiveMessage, LiveRequest, Subscription, SubscriptionRequest } from '../api/events'

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
  /** Whether all that was to be fetched is there; if not, it is fetched after a reconnection. */
  isWhole?: () => boolean
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
  /** The Manager has said yes to it, on this connection or on one before. */
  confirmed: boolean
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
  /** Where to resume: the newest `id` of the Manager's. */
  private place: string | null = null
  private resuming = false
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
    const entry: Followed = { subscription, refetch, confirmed: false }
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
    if (this.place !== null && (this.options.isWhole?.() ?? true)) this.resume(this.place)
    else for (const { subscription } of this.followed.values()) this.request('subscribe', subscription)
    this.options.onConnected?.(this.wasConnected)
    this.wasConnected = true
  }

  private closed(): void {
    this.detach()
    this.resuming = false
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
      return
    }
    if ('ok' in message) this.confirmed(message.ok)
    else if (this.resuming) return // It comes again, in its place.
    else this.happened(message)
    if (!this.resuming) this.place = message.id ?? this.place
  }

  private confirmed(request: LiveRequest): void {
    if (request.op === 'resume') this.resuming = false
    if (request.op !== 'subscribe') return
    const entry = this.followed.get(keyOf(request))
    if (entry === undefined) return
    entry.confirmed = true
    entry.refetch()
  }

  private happened(event: LiveEvent): void {
    this.options.onEvent(event)
    if (event.event === '/resync') this.refetchAll()
  }

  private resume(after: string): void {
    const entries = [...this.followed.values()]
    const subscriptions = entries.filter((each) => each.confirmed).map((each) => each.subscription)
    this.resuming = true
    this.socket?.send(JSON.stringify({ op: 'resume', after, subscriptions }))
    for (const { confirmed, subscription } of entries) {
      if (!confirmed) this.request('subscribe', subscription)
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
