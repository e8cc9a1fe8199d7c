import { describe, expect, it } from 'vitest'

import type { Job } from '../src/api/types'
import { applicable, JOB_ACTIONS } from '../src/rules/actions'
import { deletable, deletionText, markable, offeredMarks } from '../src/rules/marks'
import { report } from '../src/rules/outcomes'
import { JOB_STATUS, jobLook } from '../src/rules/status'
import { job } from './fakes'

const then = '2026-03-01T10:00:00Z'
const ALL = (Object.keys(JOB_STATUS) as Job['status'][]).map((status) => job(status, { status }))
const statuses = (jobs: readonly Job[]) => jobs.map(({ status }) => status).sort()

function offered(...jobs: Job[]): string[] {
  return offeredMarks(jobs).map(({ key }) => key)
}

describe('what jobs may be asked besides a status', () => {
  it('archives what is finished', () => {
    const [archive] = offeredMarks(ALL)
    expect(statuses(markable(archive!, ALL))).toEqual(['canceled', 'completed', 'failed'])
  })

  it('deletes in the statuses of the reference', () => {
    const expected = ['canceled', 'completed', 'failed', 'paused', 'queued']
    expect(statuses(deletable(ALL))).toEqual(expected)
  })

  it('offers to take back what all of them have already', () => {
    expect(offered(job('a'), job('b', { keep: true }))).toEqual(['archive', 'keep'])
    const old = { archived_at: then, keep: true }
    expect(offered(job('a', old), job('b', old))).toEqual(['unarchive', 'unkeep'])
    expect(offered()).toEqual(['archive', 'keep'])
  })

  it('asks nothing of a parked job but its deletion, in any status', () => {
    const parked = ALL.map((each) => ({ ...each, parked: { reason: 'it crashed' } }))
    expect(deletable(parked)).toEqual(parked)
    expect(offeredMarks(parked).flatMap((mark) => markable(mark, parked))).toEqual([])
    expect(JOB_ACTIONS.flatMap((action) => applicable(action, parked))).toEqual([])
    expect(parked.map((each) => jobLook(each).label)).toEqual(parked.map(() => 'Parked'))
  })

  it('asks nothing of a job that is being deleted', () => {
    const going = [job('a', { status: 'completed', delete_requested_at: then })]
    expect(deletable(going)).toEqual([])
    expect(offeredMarks(going).flatMap((mark) => markable(mark, going))).toEqual([])
    expect(jobLook(going[0]!).label).toBe('Deleting')
  })
})

describe('the question before a deletion', () => {
  const one = [job('a')]
  const two = [job('a'), job('b')]

  it('says that the Shaman checkout goes, and offers nothing more', () => {
    const text = deletionText(one, true, true)
    expect(text.question).toBe('Delete Job a?')
    expect(text.consequences).toContain('its Shaman checkout')
    expect(text.choice).toBeNull()
    expect(deletionText(two, true, true).consequences).toContain('their Shaman checkouts')
  })

  it('lets people choose whether files of its own go, where there is no Shaman', () => {
    const text = deletionText(one, false, true)
    expect(text.consequences).not.toContain('Shaman')
    expect(text.choice).toBe('Delete the files that were sent with it, too')
    expect(deletionText(two, false, true).choice).toContain('with them')
  })

  it.each([true, false])('speaks of no files where there are none (Shaman: %s)', (shaman) => {
    const { consequences, choice } = deletionText(one, shaman, false)
    expect([consequences, choice]).toEqual(['Its tasks, logs and previews are deleted. Rendered frames stay.', null])
  })
})

describe('what came of a request to several', () => {
  const words = { done: 'Deleting', failed: 'Could not delete' }

  it('is told once for each reason', () => {
    const refused = ['b', 'c'].map((name) => ({ name, why: 'it is locked' }))
    const gone = { name: 'd', why: 'there is no such job' }
    expect(report(words, [{ name: 'a', why: null }, ...refused, gone], 2)).toEqual({
      done: 'Deleting a; does not apply to 2 more',
      refused: ['Could not delete b, c: it is locked', 'Could not delete d: there is no such job'],
    })
  })

  it('names nothing as done when all were refused', () => {
    expect(report(words, [{ name: 'a', why: 'no' }], 1).done).toBeNull()
  })
})
