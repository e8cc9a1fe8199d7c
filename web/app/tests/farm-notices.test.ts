import { describe, expect, it, vi } from 'vitest'

import type { NoticeList, ShownNotice } from '../src/api/types'
import { FarmNotices } from '../src/live/farm-notices'
import { aboutWhat, lastTime, possibleOutside, whyNotOutside, type Told } from '../src/rules/farm-notices'

function notice(id: string, at = '2026-11-30T10:00:00Z'): Told {
  return { id, at, kind: 'job-done', text: `${id} is done`, job_id: id }
}

function shown(id: string, unread = true): ShownNotice {
  return { ...notice(id), unread }
}

describe('notices of the farm', () => {
  it('are fetched for this browser, and those that come meanwhile are not lost or told twice', async () => {
    let answer: (list: NoticeList) => void = () => undefined
    const fetchNotices = vi.fn(() => new Promise<NoticeList>((resolve) => (answer = resolve)))
    const notices = new FarmNotices({ fetchNotices, markNoticesRead: vi.fn() }, 'mine')
    const told = vi.fn()
    notices.onNew = told
    const loading = notices.load()
    notices.onEvent(notice('b'))
    notices.onEvent(notice('b'))
    answer({ notices: [shown('a', false)], unread: 0 })
    await loading
    expect(fetchNotices).toHaveBeenCalledWith('mine')
    expect(notices.state.notices.map(({ id }) => id)).toEqual(['b', 'a'])
    expect(notices.state.unread).toBe(1)
    expect(told).toHaveBeenCalledTimes(1)
  })

  it('are read up to the latest of them, and not asked about where none is unread', async () => {
    const lists = [{ notices: [shown('a')], unread: 1 }, { notices: [shown('a', false)], unread: 0 }]
    const fetchNotices = vi.fn(() => Promise.resolve(lists.shift()!))
    const markNoticesRead = vi.fn(() => Promise.resolve())
    const notices = new FarmNotices({ fetchNotices, markNoticesRead }, 'mine')
    await notices.load()
    await notices.markRead()
    expect(markNoticesRead).toHaveBeenCalledWith('mine', '2026-11-30T10:00:00Z')
    expect(notices.state.unread).toBe(0)
    await notices.markRead()
    expect(markNoticesRead).toHaveBeenCalledTimes(1)
  })

  it('may have come from a clock that was put back', () => {
    const later = '2026-11-30T11:00:00Z'
    expect(lastTime([notice('newest'), notice('before', later)])).toBe(later)
  })

  it('lead to what they are about, if anything', () => {
    expect(aboutWhat(notice('a'))).toEqual({ name: 'jobs', params: { jobID: 'a' } })
    const { job_id, ...disk } = notice('d')
    expect(aboutWhat({ ...disk, kind: 'disk-nearly-full' })).toBeNull()
    expect(aboutWhat({ ...disk, kind: 'part-parked' })).toEqual({ name: 'actors', params: {} })
    expect(aboutWhat({ ...disk, worker_id: 'w' })).toEqual({ name: 'workers', params: { workerID: 'w' } })
  })

  it('stay within the page where the browser does not let them out, and the page says why', () => {
    expect(whyNotOutside('insecure')).toContain('HTTPS')
    expect(whyNotOutside('denied')).toContain('blocks')
    expect(whyNotOutside('unsupported')).toContain('does not let pages')
    expect(whyNotOutside('granted')).toBe('')
    expect((['default', 'granted', 'denied', 'insecure', 'unsupported'] as const).filter(possibleOutside)).toEqual([
      'default', 'granted', 'denied',
    ])
  })
})
