import { afterEach, describe, expect, it, vi } from 'vitest'

import { LogFile, MOST_BYTES, STALLED_MS } from '../src/live/log-file'
import { attemptsOf, FittingLines, levelOf, plainText, spansOf, splitTime, withText } from '../src/rules/log'

/** A file on the Manager, which answers in parts of `size` bytes. */
function file(text = '', size = 5) {
  const held = { text, reads: [] as number[], info: true }
  const api = {
    fetchTaskLogInfo: () =>
      Promise.resolve(
        held.info ? { url: '/log', size: new TextEncoder().encode(held.text).length, job_id: 'j', task_id: 't' } : null,
      ),
    openLog: (_: string, from: number) => Promise.resolve(parts(from)),
  }
  async function* parts(from: number) {
    held.reads.push(from)
    const bytes = new TextEncoder().encode(held.text).subarray(from)
    for (let at = 0; at < bytes.length; at += size) yield bytes.slice(at, at + size)
  }
  return { held, log: new LogFile('t', api) }
}

describe('the log of a task', () => {
  it('says once what is lost, however large the place that the sentence fills', async () => {
    const lost = '[150 bytes of this log are lost, from byte 4 on]'
    const { held, log } = file(`one\n\n${lost}\n${lost}\n${lost}...\ntwo\n`)
    await log.update()
    expect(log.lines).toEqual(['one', '', lost, 'two'])
    held.text += `${lost}\n`
    await log.update()
    expect(log.lines).toEqual(['one', '', lost, 'two', lost])
  })

  it('is read once, and later only what is new', async () => {
    const { held, log } = file('one\ntwö\nthr')
    await log.update()
    expect(log.lines).toEqual(['one', 'twö'])
    held.text += 'ee\nfour\n'
    await log.update()
    expect(log.lines).toEqual(['one', 'twö', 'three', 'four'])
    expect(held.reads).toEqual([0, 12])
  })

  it('misses nothing that comes while it is read', async () => {
    const { held, log } = file('one\n')
    const first = log.update()
    held.text += 'two\n'
    await Promise.all([first, log.update()])
    expect(log.lines).toEqual(['one', 'two'])
  })

  it('is empty until there is one', async () => {
    const { held, log } = file('one\n')
    held.info = false
    await log.update()
    expect(log.state).toMatchObject({ loaded: true, count: 0, url: null })
    held.info = true
    await log.update()
    expect(log.lines).toEqual(['one'])
  })

  it('is read from nearer to its end if it is very long', async () => {
    const { log } = file(`${'x'.repeat(MOST_BYTES)}\nlast\n`, 2 ** 22)
    await log.update()
    expect(log.state.skipped).toBe(6)
    expect(log.lines.at(-1)).toBe('last')
  })

  describe('whose connection stalls', () => {
    afterEach(() => void vi.useRealTimers())

    /** One line and then nothing; from the second reading on, all that is missing. */
    function stalling() {
      const held = { text: 'one\ntwo\n' }
      const signals: AbortSignal[] = []
      const api = {
        fetchTaskLogInfo: () => Promise.resolve({ url: '/log', size: 8, job_id: 'j', task_id: 't' }),
        openLog: (_: string, from: number, signal: AbortSignal) => Promise.resolve(parts(from, signal)),
      }
      async function* parts(from: number, signal: AbortSignal): AsyncGenerator<Uint8Array> {
        signals.push(signal)
        const bytes = new TextEncoder().encode(held.text)
        if (signals.length > 1) yield bytes.subarray(from)
        if (signals.length > 1) return
        yield bytes.subarray(0, 4)
        await new Promise((_, refused) => signal.addEventListener('abort', () => refused(signal.reason)))
      }
      return { log: new LogFile('t', api), signals }
    }

    it('is read on by another', async () => {
      vi.useFakeTimers()
      const { log } = stalling()
      const first = expect(log.update()).rejects.toThrow('The Manager did not answer in time.')
      await vi.advanceTimersByTimeAsync(STALLED_MS)
      await first
      expect(log.lines).toEqual(['one'])
      await log.update()
      expect(log.lines).toEqual(['one', 'two'])
    })

    it('holds none once it is closed, and is no trouble', async () => {
      const { log, signals } = stalling()
      const reading = log.update()
      await vi.waitFor(() => expect(log.lines).toEqual(['one']))
      log.close()
      await reading
      expect(signals[0]!.aborted).toBe(true)
      await log.update()
      expect(signals).toHaveLength(1)
    })
  })

  it.each([
    ['Error: Cannot render, no camera', 'error'],
    ['Task went from active to failed: no camera', 'error'],
    ['Traceback (most recent call last):', 'error'],
    ['\x1b[31mError: no camera\x1b[0m', 'error'],
    ['Warning: texture not found', 'warning'],
    ['pid=1 > Finished with 0 errors', 'plain'],
    ['Read blend: /terror/mirror.blend', 'plain'],
  ])('%s: %s', (line, level) => expect(levelOf(line)).toBe(level))

  it('shows the colours of a terminal, and interprets nothing else', () => {
    expect(spansOf('a\x1b[1;31mred\x1b[0m\x1b[2Jb')).toEqual([
      { text: 'a', colour: '', bold: false },
      { text: 'red', colour: 'red', bold: true },
      { text: 'b', colour: '', bold: false },
    ])
    expect(plainText('\x1b]8;;http://x\x07link\x1b[0m <b>')).toBe('link <b>')
  })

  it('tells time stamps from other beginnings', () => {
    const { time, rest } = splitTime('2026-11-29T17:21:06+01:00 Task assigned')
    expect([time?.toISOString(), rest]).toEqual(['2026-11-29T16:21:06.000Z', 'Task assigned'])
    expect(splitTime('2026 frames').time).toBeNull()
    expect(splitTime('2026-13-45T99:99:99Z x')).toEqual({ time: null, rest: '2026-13-45T99:99:99Z x' })
  })

  it('has its attempts one after the other', async () => {
    const began = (worker: string) => `2026-11-29T17:21:06+00:00 Task assigned to worker ${worker} (0-a): it was free\n`
    const { log } = file(`before\n${began('anna')}x\n${began('bob (2)')}`, 100)
    await log.update()
    expect(attemptsOf(log.starts, log.lines.length)).toEqual([
      { name: '1: anna', from: 0, to: 3 },
      { name: '2: bob (2)', from: 3, to: 4 },
    ])
  })

  it('is searched whatever the case, across colours', () => {
    const lines = ['No \x1b[31mCam\x1b[0mera', 'x', 'camera']
    expect(lines.filter(withText('CAMERA'))).toEqual([lines[0], lines[2]])
    expect(withText('')('x')).toBe(false)
  })

  it('is searched on as it grows, and no line twice', () => {
    const looked = vi.fn((place: number) => place % 2 === 0)
    const even = new FittingLines(1, looked)
    expect(even.before(5)).toEqual([2, 4])
    const found = even.before(6)
    expect(even.before(6)).toBe(found)
    expect(even.before(9)).toEqual([2, 4, 6, 8])
    expect(looked.mock.calls.flat()).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
  })
})
