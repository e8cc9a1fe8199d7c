import { describe, expect, it } from 'vitest'

import type { HistoryEntry, PastAttempt } from '../src/api/types'
import { endingLook } from '../src/rules/attempts'
import { pathsOf, writtenFiles } from '../src/rules/files'
import { byWhom, toldOf } from '../src/rules/history'
import {
  barAt,
  lanesOf,
  merged,
  MOST_ATTEMPTS,
  MOST_LANES,
  spanOf,
  timeTicks,
  withEarlier,
  withNewest,
} from '../src/rules/timeline'

const NOON = Date.parse('2026-11-30T12:00:00Z')

function attempt(task: string, worker: string, from: number, to?: number, number = 1): PastAttempt {
  const at = (seconds: number) => new Date(NOON + seconds * 1000).toISOString()
  return {
    task_id: task, task_name: task, job_id: 'j', job_name: 'job', attempt: number, frames: '',
    worker_id: worker, worker_name: worker, started: at(from),
    ...(to !== undefined && { ended: at(to), ending: 'completed' }),
  }
}

describe('the timeline of a job', () => {
  it('has a lane for each Worker, by name, whose bars end now if they have not', () => {
    const lanes = lanesOf([attempt('b', 'w10', 5), attempt('a', 'w2', 0, 4), attempt('c', 'w2', 5, 6)], NOON + 9000)
    expect(lanes.map(({ name }) => name)).toEqual(['w2', 'w10'])
    expect(lanes[1]!.bars[0]).toMatchObject({ from: NOON + 5000, to: NOON + 9000 })
    expect(spanOf(lanes)).toEqual({ from: NOON, to: NOON + 9000 })
    expect(endingLook(lanes[1]!.bars[0]!.attempt).tone).toBe('active')
  })

  it('holds each attempt once, the newest, and no more than it can', () => {
    const many = Array.from({ length: MOST_ATTEMPTS }, (_, at) => attempt(`t${at}`, 'w', at, at + 1))
    const all = merged(many, [attempt('t0', 'w', 0, 99_999), attempt('new', 'w', 0, 99_998)])
    expect(all).toHaveLength(MOST_ATTEMPTS)
    expect(all.slice(0, 2).map(({ task_id }) => task_id)).toEqual(['t0', 'new'])
  })

  describe('page by page', () => {
    const page = (from: number, to: number) =>
      Array.from({ length: from - to + 1 }, (_, at) => attempt(`t${from - at}`, 'w', 0, from - at))
    const names = (past: { attempts: readonly PastAttempt[] }) => past.attempts.map(({ task_id }) => task_id)

    it('has no hole: what the newest page does not reach is asked for again', () => {
      const known = { attempts: page(4, 1), more: false }
      const reaches = withNewest(known, { attempts: page(6, 4), more: true })
      expect(names(reaches)).toEqual(['t6', 't5', 't4', 't3', 't2', 't1'])
      expect(reaches.more).toBe(false)
      const newest = { attempts: page(9, 6), more: true }
      expect(withNewest(known, newest)).toEqual(newest)
    })

    it('goes back from the last one that is held', () => {
      const known = { attempts: page(6, 4), more: true }
      const { ended = '' } = known.attempts.at(-1)!
      const all = withEarlier(known, ended, { attempts: page(4, 2), more: true })
      expect(names(all)).toEqual(['t6', 't5', 't4', 't3', 't2'])
      expect(all.more).toBe(true)
      const anew = { attempts: page(20, 18), more: true }
      expect(withEarlier(anew, ended, { attempts: page(3, 2), more: false })).toBe(anew)
    })

    it('ends where no more can be held', () => {
      const known = { attempts: page(MOST_ATTEMPTS + 1, 2), more: true }
      expect(withEarlier(known, known.attempts.at(-1)!.ended!, { attempts: page(1, 0), more: true }).more).toBe(false)
    })
  })

  it('shows the Workers that worked last, where there are very many', () => {
    const many = Array.from({ length: MOST_LANES + 50 }, (_, at) => attempt('t', `w${at}`, at, at + 1))
    const names = lanesOf(many, NOON).map(({ name }) => name)
    expect(names).toHaveLength(MOST_LANES)
    expect(names).not.toContain('w0')
  })

  it('finds short bars a little beside the pointer', () => {
    const [lane] = lanesOf([attempt('a', 'w', 0, 10), attempt('b', 'w', 20, 20)], NOON)
    expect(barAt(lane!, NOON + 5000, 0)?.attempt.task_id).toBe('a')
    expect(barAt(lane!, NOON + 19_000, 2000)?.attempt.task_id).toBe('b')
    expect(barAt(lane!, NOON + 15_000, 2000)).toBeUndefined()
  })

  it('has round times below it, a few', () => {
    const ticks = timeTicks({ from: NOON + 1, to: NOON + 3_600_000 }, 8)
    expect(ticks.length).toBeLessThanOrEqual(8)
    expect(ticks[0]).toEqual({ time: NOON + 600_000, unit: 'minute' })
  })
})

describe('the history of a job', () => {
  const entry = (what: string, detail: string, more: Partial<HistoryEntry> = {}): HistoryEntry => ({
    at: '2026-11-30T12:00:00Z', kind: 'request', what, detail, by: 'page', count: 1, ...more,
  })
  const tag = (id: string) => (id === 't1' ? 'GPU' : id)

  it('says what was asked for in words', () => {
    expect(toldOf(entry('setkeep', 'true'), tag).text).toBe('Kept from the clean-up')
    expect(toldOf(entry('settag', 't1'), tag).detail).toBe('GPU')
    expect(toldOf(entry('settag', ''), tag).detail).toBe('none: all Workers')
    expect(toldOf(entry('task-setstatus', 'queued: too dark: again', { count: 12 }), tag)).toMatchObject({
      text: 'Asked for a status of tasks (12 times)',
      detail: 'Queued: too dark: again',
    })
  })

  it('says what came of it, and by whom it was asked', () => {
    const failed = entry('failed', 'failed: too many tasks failed', { kind: 'status', by: 'Manager' })
    expect(toldOf(failed, tag)).toEqual({ text: 'Failed', detail: 'too many tasks failed', tone: 'failed' })
    expect(byWhom(failed)).toBe('')
    expect(byWhom(entry('delete', ''))).toBe('on the page')
    expect(byWhom(entry('delete', '', { by: 'add-on' }))).toBe('by the add-on')
  })

  it('shows what a newer Manager may tell as it is', () => {
    expect(toldOf(entry('setcolour', 'red'), tag)).toMatchObject({ text: 'setcolour', detail: 'red' })
  })
})

describe('the files of a job', () => {
  it('are the paths in its settings, and what its frames wrote', () => {
    const settings = { blendfile: '{jobs}/a.blend', frames: '1-10', out: 'C:\\out', fps: 24, name: 'a/b' }
    expect(pathsOf({ settings, storage: { shaman_checkout_id: 'x/y' } }).map(({ key }) => key)).toEqual([
      'blendfile', 'out', 'checkout',
    ])
    const frame = { frame: 3, state: 'done', task: 't', attempt: 1, pictures: [], files: ['a.png', 'b.exr'] } as const
    expect(writtenFiles([{ ...frame, files: [...frame.files], pictures: [] }]).map(({ name }) => name)).toEqual([
      'a.png', 'b.exr',
    ])
  })
})
