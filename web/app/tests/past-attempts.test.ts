import { describe, expect, it, vi } from 'vitest'
import { nextTick, shallowRef } from 'vue'

import type { PastAttempt } from '../src/api/types'
import { pastAttempts } from '../src/live/past-attempts'
import type { Past } from '../src/rules/timeline'

function attempts(...seconds: number[]): PastAttempt[] {
  return seconds.map((at) => ({ task_id: `t${at}`, attempt: 1, ended: new Date(at * 1000).toISOString() }) as PastAttempt)
}

describe('attempts that have ended', () => {
  const seen = ({ past }: ReturnType<typeof pastAttempts>) => past.value.attempts.map(({ task_id }) => task_id)

  it('are asked for one page at a time, however often somebody clicks', async () => {
    const load = vi.fn(() => Promise.resolve({ attempts: attempts(2, 1), more: false }))
    const listed = pastAttempts(shallowRef<Past | null>({ attempts: attempts(4, 3), more: true }), load)
    const first = listed.showEarlier()
    expect(listed.loading.value).toBe(true)
    await Promise.all([first, listed.showEarlier()])
    expect(load.mock.calls).toEqual([['1970-01-01T00:00:03.000Z']])
    expect(seen(listed)).toEqual(['t4', 't3', 't2', 't1'])
    expect(listed.past.value.more).toBe(false)
    expect(listed.loading.value).toBe(false)
  })

  it('keep what was asked for as new ones come', async () => {
    const newest = shallowRef<Past | null>({ attempts: attempts(4, 3), more: true })
    const listed = pastAttempts(newest, () => Promise.resolve({ attempts: attempts(2, 1), more: false }))
    await listed.showEarlier()
    newest.value = { attempts: attempts(5, 4), more: true }
    await nextTick()
    expect(seen(listed)).toEqual(['t5', 't4', 't3', 't2', 't1'])
    newest.value = { attempts: attempts(9, 8), more: true }
    await nextTick()
    expect(seen(listed)).toEqual(['t9', 't8'])
    expect(listed.past.value.more).toBe(true)
  })

  it('can be asked for again after that failed', async () => {
    const load = vi.fn(() => Promise.reject(new Error('busy')))
    const listed = pastAttempts(shallowRef<Past | null>({ attempts: attempts(3), more: true }), load)
    await expect(listed.showEarlier()).rejects.toThrow('busy')
    expect(listed.loading.value).toBe(false)
  })
})
