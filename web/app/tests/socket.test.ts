import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import type { LiveEvent } from '../src/api/events'
import { LiveSocket, reconnectDelay } from '../src/live/socket'
import { FakeSockets } from './fakes'

describe('the live socket', () => {
  let sockets: FakeSockets
  let events: LiveEvent[]
  let live: LiveSocket

  beforeEach(() => {
    vi.useFakeTimers()
    sockets = new FakeSockets()
    events = []
    live = new LiveSocket({
      open: sockets.open,
      random: () => 1,
      onEvent: (event) => events.push(event),
    })
    live.start()
  })

  afterEach(() => {
    live.stop()
    vi.useRealTimers()
  })

  it('fetches only once the Manager has confirmed the subscription', () => {
    const refetch = vi.fn()
    live.follow({ type: 'allJobs' }, refetch)
    sockets.last.onopen?.()
    expect(sockets.last.sent).toEqual([{ op: 'subscribe', type: 'allJobs' }])
    expect(refetch).not.toHaveBeenCalled()
    sockets.last.confirm()
    expect(refetch).toHaveBeenCalledOnce()
  })

  it('knows its subscription by a confirmation with an empty uuid', () => {
    const refetch = vi.fn()
    live.follow({ type: 'allWorkers' }, refetch)
    sockets.last.onopen?.()
    sockets.last.say({ ok: { op: 'subscribe', type: 'allWorkers', uuid: '' } })
    expect(refetch).toHaveBeenCalledOnce()
  })

  it('connects again by itself, and subscribes and fetches again', () => {
    const refetch = vi.fn()
    live.follow({ type: 'job', uuid: 'j' }, refetch)
    sockets.last.onopen?.()
    sockets.last.confirm()
    sockets.last.onclose?.()
    expect(live.state.connection).toBe('lost')
    vi.advanceTimersByTime(500)
    expect(sockets.all).toHaveLength(2)
    sockets.last.onopen?.()
    expect(live.state.connection).toBe('live')
    expect(sockets.last.sent).toEqual([{ op: 'subscribe', type: 'job', uuid: 'j' }])
    sockets.last.confirm()
    expect(refetch).toHaveBeenCalledTimes(2)
  })

  it('waits longer after each failure, until the Manager has said something', () => {
    const waits: number[] = []
    for (let failure = 0; failure < 4; failure++) {
      sockets.last.onclose?.()
      waits.push(live.state.retryAt - Date.now())
      vi.advanceTimersToNextTimer()
    }
    expect(waits).toEqual([500, 1000, 2000, 4000])
    sockets.last.onopen?.()
    sockets.last.say({ event: '/status', payload: { status: 'idle' } })
    sockets.last.onclose?.()
    expect(live.state.retryAt - Date.now()).toBe(500)
  })

  it('connects at once when asked to', () => {
    sockets.last.onclose?.()
    live.retryNow()
    expect(sockets.all).toHaveLength(2)
    live.retryNow()
    vi.advanceTimersByTime(60_000)
    expect(sockets.all).toHaveLength(2)
  })

  /** A connection that was live up to the place `e-7`, and is there again. */
  function comesBack(refetch: () => void): void {
    live.follow({ type: 'job', uuid: 'j' }, refetch)
    sockets.last.onopen?.()
    sockets.last.confirm()
    sockets.last.say({ event: '/alive', payload: {}, id: 'e-7' })
    sockets.last.onclose?.()
    vi.advanceTimersByTime(500)
  }

  it('resumes where it was, and fetches only what is new to it', () => {
    const known = vi.fn()
    const added = vi.fn()
    comesBack(known)
    live.follow({ type: 'allJobs' }, added)
    sockets.last.onopen?.()
    const job = { type: 'job', uuid: 'j' }
    expect(sockets.last.sent).toEqual([
      { op: 'resume', after: 'e-7', subscriptions: [job] },
      { op: 'subscribe', type: 'allJobs' },
    ])
    sockets.last.confirm()
    expect(known).toHaveBeenCalledOnce()
    expect(added).toHaveBeenCalledOnce()
  })

  it('takes no event before the Manager has gone back to where it was', () => {
    comesBack(vi.fn())
    sockets.last.onopen?.()
    events.length = 0
    sockets.last.say({ event: '/lifecycle', payload: { type: 'manager-startup' }, id: 'e-9' })
    expect(events).toEqual([])
    sockets.last.onclose?.()
    vi.advanceTimersByTime(1000)
    sockets.last.onopen?.()
    expect(sockets.last.sent[0]).toMatchObject({ op: 'resume', after: 'e-7' })
    sockets.last.confirm()
    sockets.last.say({ event: '/lifecycle', payload: { type: 'manager-startup' }, id: 'e-8' })
    expect(events).toHaveLength(1)
  })

  it('fetches everything again when the Manager can not tell what happened', () => {
    const refetch = vi.fn()
    comesBack(refetch)
    sockets.last.onopen?.()
    sockets.last.confirm()
    sockets.last.say({ event: '/resync', payload: { reason: 'it started anew' }, id: 'f-3' })
    expect(refetch).toHaveBeenCalledTimes(2)
  })

  it('unsubscribes what is no longer looked at, and not what is looked at again', () => {
    sockets.last.onopen?.()
    const first = live.follow({ type: 'job', uuid: 'j' }, vi.fn())
    const again = vi.fn()
    const second = live.follow({ type: 'job', uuid: 'j' }, again)
    first()
    expect(sockets.last.sent.map(({ op }) => op)).toEqual(['subscribe', 'subscribe'])
    second()
    expect(sockets.last.sent.at(-1)).toEqual({ op: 'unsubscribe', type: 'job', uuid: 'j' })
  })

  it('passes events on', () => {
    sockets.last.onopen?.()
    sockets.last.say({ event: '/status', payload: { status: 'active' } })
    expect(events).toEqual([{ event: '/status', payload: { status: 'active' } }])
  })

  it('stays silent once stopped', () => {
    live.stop()
    expect(sockets.last.closed).toBe(true)
    vi.advanceTimersByTime(60_000)
    expect(sockets.all).toHaveLength(1)
  })
})

describe('the delay before a reconnection', () => {
  it('doubles up to a limit, and is spread over half of itself', () => {
    expect(reconnectDelay(0, 0)).toBe(250)
    expect(reconnectDelay(0, 1)).toBe(500)
    expect(reconnectDelay(50, 1)).toBe(20_000)
  })
})
