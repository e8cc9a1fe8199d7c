/** The log of a task, read from its file: the part that has come is never fetched again. */

import { shallowReactive } from 'vue'

import type { Api } from '../api/client'
import { attemptStart, levelOf, type Level } from '../rules/log'

/** Of a longer log, its end is read. */
export const MOST_BYTES = 48 * 2 ** 20

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
  private rest = ''
  private decoder = new TextDecoder()
  private reading: Promise<void> | null = null
  private again = false

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

  private async readAll(): Promise<void> {
    while (this.again) {
      this.again = false
      await this.read()
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
    if (this.state.url !== null) {
      const parts = await this.api.openLog(this.state.url, this.offset)
      for await (const bytes of parts) this.take(bytes)
    }
    this.state.loaded = true
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
    const worker = attemptStart(line)
    if (worker !== null) this.starts.push({ at: this.lines.length, worker })
    this.lines.push(line)
    this.levels.push(levelOf(line))
  }
}
