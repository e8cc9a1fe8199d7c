/** The log of a task, read from its file: the part that has come is never fetched again. */

import { shallowReactive } from 'vue'

import { ApiError, LATE, type Api } from '../api/client'
import { attemptStart, levelOf, lostIn, type Level } from '../rules/log'

/** Of a longer log, its end is read. */
export const MOST_BYTES = 48 * 2 ** 20
/** A connection that brings nothing for so long is given up. */
export const STALLED_MS = 20_000

export interface LogState {
  /** Number of lines; `lines` and `levels` grow in place. */
  count: number
  loaded: boolean
  /** Address of the whole file. */
  url: string | null
  /** Bytes at its beginning that are not read. */
  skipped: number
}

export class LogFile {
  readonly lines: string[] = []
  readonly levels: Level[] = []
  readonly starts: { at: number; worker: string }[] = []
  readonly state = shallowReactive<LogState>({ count: 0, loaded: false, url: null, skipped: 0 })

  private offset = 0
  /** What the last line said of lost bytes, which is shown once. */
  private lost: string | null = null
  private rest = ''
  private decoder = new TextDecoder()
  private reading: Promise<void> | null = null
  private again = false
  private closed = false
  private connection: AbortController | null = null

  constructor(
    private readonly task: string,
    private readonly api: Pick<Api, 'fetchTaskLogInfo' | 'openLog'>,
  ) {}

  /** Reads what is new. While it is being read, one more turn follows. */
  update(): Promise<void> {
    this.again = true
    this.reading ??= this.readAll().finally(() => (this.reading = null))
    return this.reading
  }

  /** Nobody looks at it any more: nothing more is read. */
  close(): void {
    this.closed = true
    this.connection?.abort()
  }

  private async readAll(): Promise<void> {
    while (this.again && !this.closed) {
      this.again = false
      await this.read().catch((error: unknown) => {
        if (!this.closed) throw error
      })
    }
  }

  private async read(): Promise<void> {
    if (this.offset - this.state.skipped > 2 * MOST_BYTES) this.keepEnd()
    if (this.state.url === null) {
      const info = await this.api.fetchTaskLogInfo(this.task)
      if (info) {
        this.state.url = info.url
        this.offset = this.state.skipped = Math.max(0, info.size - MOST_BYTES)
      }
    }
    if (this.state.url !== null && !this.closed) await this.readOn(this.state.url)
    this.state.loaded = true
  }

  private async readOn(url: string): Promise<void> {
    const connection = new AbortController()
    this.connection = connection
    const giveUp = () => connection.abort(new ApiError(0, LATE))
    let timer = setTimeout(giveUp, STALLED_MS)
    try {
      for await (const bytes of await this.api.openLog(url, this.offset, connection.signal)) {
        clearTimeout(timer)
        this.take(bytes)
        timer = setTimeout(giveUp, STALLED_MS)
      }
    } finally {
      clearTimeout(timer)
    }
  }

  /** What grew too long while it was looked at is read again, from nearer to its end. */
  private keepEnd(): void {
    this.offset = this.state.skipped = this.offset - MOST_BYTES
    this.lines.length = this.levels.length = this.starts.length = 0
    this.state.count = 0
    this.rest = ''
    this.decoder = new TextDecoder()
  }

  private take(bytes: Uint8Array): void {
    this.offset += bytes.length
    const lines = (this.rest + this.decoder.decode(bytes, { stream: true })).split('\n')
    this.rest = lines.pop() ?? ''
    for (const line of lines) this.add(line.replace(/\r$/, ''))
    this.state.count = this.lines.length
  }

  private add(line: string): void {
    const lost = lostIn(line)
    if (lost !== null && lost === this.lost) return
    this.lost = lost
    const worker = attemptStart(line)
    if (worker !== null) this.starts.push({ at: this.lines.length, worker })
    this.lines.push(line)
    this.levels.push(levelOf(line))
  }
}
