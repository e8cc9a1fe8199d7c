import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { effectScope, nextTick, ref, type Ref } from 'vue'

import { ApiError } from '../src/api/client'
import { fetchThose } from '../src/live/fetch-those'

const { offline } = vi.hoisted(() => ({ offline: {} as { value: boolean } }))
vi.mock('../src/live', async () => {
  const { ref: made } = await import('vue')
  return { offline: Object.assign(offline, { held: made(false) }).held }
})

const { held } = vi.hoisted(() => ({ held: {} as { visibility: unknown } }))
vi.mock('@vueuse/core', async (original) => {
  const { ref: made } = await import('vue')
  held.visibility = made('visible')
  return { ...(await original<object>()), useDocumentVisibility: () => held.visibility }
})

const { asked } = await import('../src/live/asked')
const visibility = held.visibility as Ref<'visible' | 'hidden'>
const away = (offline as unknown as { held: Ref<boolean> }).held

describe('what is asked for', () => {
  beforeEach(() => {
    vi.useFakeTimers()
    away.value = false
    visibility.value = 'visible'
  })
  afterEach(() => vi.useRealTimers())

  function watched(load: (key: string) => Promise<string>, options?: { once: boolean }) {
    const key = ref('a')
    const scope = effectScope()
    const answer = scope.run(() => asked(() => key.value, load, 'none', options))!
    return { key, answer, stop: () => scope.stop() }
  }

  it.each([409, 422, 403, 404])('is asked once where the Manager refuses with %i', async (status) => {
    const load = vi.fn(() => Promise.reject(new ApiError(status, 'no')))
    const { answer, stop } = watched(load)
    await vi.advanceTimersByTimeAsync(60_000)
    expect(load).toHaveBeenCalledTimes(1)
    expect(answer.value).toBe('none')
    stop()
  })

  it.each([0, 429, 500, 503])('is asked again after %i, until there is an answer', async (status) => {
    const load = vi.fn<() => Promise<string>>(() => Promise.resolve('there'))
    load.mockRejectedValueOnce(new ApiError(status, 'later'))
    const { answer, stop } = watched(load)
    await vi.advanceTimersByTimeAsync(60_000)
    expect(load).toHaveBeenCalledTimes(2)
    expect(answer.value).toBe('there')
    stop()
  })

  it('is not asked while nobody sees the page, and once when somebody does', async () => {
    const load = vi.fn((key: string) => Promise.resolve(`about ${key}`))
    const { key, answer, stop } = watched(load)
    await vi.advanceTimersByTimeAsync(0)
    visibility.value = 'hidden'
    for (const next of ['b', 'c']) {
      key.value = next
      await nextTick()
    }
    await vi.advanceTimersByTimeAsync(60_000)
    expect(load).toHaveBeenCalledTimes(1)
    expect(answer.value).toBe('about a')
    visibility.value = 'visible'
    await vi.advanceTimersByTimeAsync(0)
    expect(load).toHaveBeenCalledTimes(2)
    expect(answer.value).toBe('about c')
    for (const seen of ['hidden', 'visible'] as const) {
      visibility.value = seen
      await nextTick()
    }
    expect(load).toHaveBeenCalledTimes(2)
    stop()
  })

  it('is not asked while the Manager is out of reach, and anew when it is back', async () => {
    const load = vi.fn((key: string) => Promise.resolve(`about ${key}`))
    const { key, answer, stop } = watched(load)
    await vi.advanceTimersByTimeAsync(0)
    away.value = true
    await nextTick()
    await vi.advanceTimersByTimeAsync(60_000)
    expect(answer.value).toBe('about a')
    key.value = 'b'
    await nextTick()
    expect(answer.value).toBe('none')
    expect(load).toHaveBeenCalledTimes(1)
    away.value = false
    await nextTick()
    await vi.advanceTimersByTimeAsync(0)
    expect(answer.value).toBe('about b')
    stop()
  })
  it('is asked once where a person goes on with the answer, but for another key', async () => {
    const load = vi.fn((key: string) => Promise.resolve(`${key} ${load.mock.calls.length}`))
    const { key, answer, stop } = watched(load, { once: true })
    await vi.advanceTimersByTimeAsync(0)
    away.value = true
    await nextTick()
    away.value = false
    await nextTick()
    await vi.advanceTimersByTimeAsync(60_000)
    expect(answer.value).toBe('a 1')
    expect(load).toHaveBeenCalledTimes(1)
    key.value = 'b'
    await nextTick()
    await vi.advanceTimersByTimeAsync(0)
    expect(answer.value).toBe('b 2')
    stop()
  })

  it('is asked until there is an answer, though it is asked for once', async () => {
    const load = vi.fn<() => Promise<string>>(() => Promise.resolve('there'))
    load.mockRejectedValueOnce(new ApiError(0, 'out of reach'))
    const { answer, stop } = watched(load, { once: true })
    await vi.advanceTimersByTimeAsync(0)
    away.value = true
    await nextTick()
    away.value = false
    await nextTick()
    await vi.advanceTimersByTimeAsync(0)
    expect(answer.value).toBe('there')
    stop()
  })
})

describe('several that are fetched', () => {
  const failing = (status: number) => (id: string) =>
    id === 'b' ? Promise.reject(new ApiError(status, 'no')) : Promise.resolve(`about ${id}`)

  it('are shown without those that are gone', async () => {
    expect(await fetchThose(['a', 'b', 'c'], failing(404))).toEqual(['about a', 'about c'])
  })

  it('are asked for again together if one of them may still come', async () => {
    await expect(fetchThose(['a', 'b', 'c'], failing(503))).rejects.toThrow('no')
  })
})
