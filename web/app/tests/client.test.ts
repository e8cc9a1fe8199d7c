import { describe, expect, it, vi } from 'vitest'

import { ApiError, createApi } from '../src/api/client'
import { takeOperatorToken } from '../src/api/operator'
import { job } from './fakes'

function answering(body: BodyInit | null, init: ResponseInit = {}) {
  const fetcher = vi.fn((_request: Request) => Promise.resolve(new Response(body, init)))
  return { api: createApi(fetcher), fetcher }
}

describe('the API client', () => {
  it('sends what the operation says', async () => {
    const { api, fetcher } = answering(null, { status: 204 })
    await api.setJobStatus('j', 'pause-requested', 'because')
    const request = fetcher.mock.calls[0]![0]
    expect(new URL(request.url).pathname).toBe('/api/v3/jobs/j/setstatus')
    expect(request.method).toBe('POST')
    expect(await request.json()).toEqual({ status: 'pause-requested', reason: 'because' })
  })

  it('changes the configuration file that it has read, and no newer one', async () => {
    const headers = { ETag: '"7"', 'X-Flamenco-Restart-Needed-For': 'listen, database' }
    const { api, fetcher } = answering('{}', { headers })
    const { version } = await api.getConfigurationFile()
    expect(await api.updateConfigurationFile({ listen: ':7' }, version)).toEqual(['listen', 'database'])
    expect(fetcher.mock.calls[1]![0].headers.get('If-Match')).toBe('"7"')
  })

  it('changes the configuration as the operator whose link was opened', async () => {
    const kept = new Map<string, string>()
    const store = {
      getItem: (key: string) => kept.get(key) ?? null,
      setItem: (key: string, value: string) => void kept.set(key, value),
    }
    const replaceState = vi.fn()
    const place = { hash: '#operator=abc', pathname: '/app/settings', search: '' }
    takeOperatorToken(place, store, { replaceState })
    expect(replaceState).toHaveBeenCalledWith(null, '', '/app/settings')
    const fetcher = vi.fn((_request: Request) => Promise.resolve(new Response('{}')))
    const api = createApi(fetcher, store)
    await api.updateConfigurationFile({ listen: ':7' }, null)
    expect(fetcher.mock.calls[0]![0].headers.get('Authorization')).toBe('Bearer abc')
    await api.setJobStatus('j', 'pause-requested', 'because')
    expect(fetcher.mock.calls[1]![0].headers.has('Authorization')).toBe(false)
  })

  it('fetches archived jobs page by page', async () => {
    const pages = [{ jobs: [job('a')], next: 'a b' }, { jobs: [job('b')] }]
    const fetcher = vi.fn((_request: Request) => Promise.resolve(Response.json(pages.shift())))
    const jobs = await createApi(fetcher).fetchArchivedJobs()
    expect(jobs.map(({ id }) => id)).toEqual(['a', 'b'])
    expect(new URL(fetcher.mock.calls[1]![0].url).search).toBe('?archived=true&limit=1000&after=a%20b')
  })

  it('answers null where there is nothing yet', async () => {
    const { api } = answering(null, { status: 204 })
    expect(await api.fetchJobLastRenderedInfo('j')).toBeNull()
    expect(await api.fetchTaskLogTail('t')).toBe('')
  })

  it('repeats what the Manager says is wrong', async () => {
    const { api } = answering('{"code":412,"message":"this Worker cannot restart"}', { status: 412 })
    const request = api.changeWorkers(['w'], { setstatus: { status: 'restart', is_lazy: false } })
    await expect(request).rejects.toEqual(new ApiError(412, 'this Worker cannot restart'))
  })

  it('shows an error that is not JSON as it came', async () => {
    const { api } = answering('Bad Gateway', { status: 502 })
    await expect(api.fetchJobs()).rejects.toThrow('Bad Gateway')
  })

  it.each([
    [new TypeError('network error'), 'The Manager cannot be reached.'],
    [new DOMException('timed out', 'TimeoutError'), 'The Manager did not answer in time.'],
  ])('says what became of an answer that broke off with %s', async (cause, message) => {
    const body = new ReadableStream({ pull: (stream) => stream.error(cause) })
    const api = createApi(() => Promise.resolve(new Response(body)))
    await expect(api.fetchJobs()).rejects.toEqual(new ApiError(0, message))
  })

  it('waits for as long as it takes until something is done to very many', async () => {
    const within = vi.spyOn(AbortSignal, 'timeout')
    const { api } = answering('{"outcomes":[]}')
    await api.setTasksStatus(['t'], 'queued', 'because')
    await api.changeJobs(['j'], { setpriority: { priority: 1 } })
    expect(within).not.toHaveBeenCalled()
    await api.fetchJobs()
    expect(within).toHaveBeenCalledOnce()
  })

  it('lets the reading of a log be ended', async () => {
    const ended = new AbortController()
    const { api, fetcher } = answering('one')
    await api.openLog('/log', 0, ended.signal)
    ended.abort()
    expect(fetcher.mock.calls[0]![0].signal.aborted).toBe(true)
  })

  it('says that the Manager cannot be reached', async () => {
    const api = createApi(() => Promise.reject(new TypeError('failed to fetch')))
    await expect(api.fetchJobs()).rejects.toThrow('The Manager cannot be reached.')
  })
})
