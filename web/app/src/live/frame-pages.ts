/** The frames of a job: the states of all of them, and the details of those that are looked at. */

import { shallowReactive } from 'vue'

import { isMissing, type Api } from '../api/client'
import type { EventFramesUpdate } from '../api/events'
import type { FrameStates, ListedFrame } from '../api/types'
import { FrameRow } from '../rules/frame-row'
import { changedFrame } from '../rules/frames'
import type { Attempt } from './open-job'
import { Snapshot } from './snapshot'

const PAGE = 100
/** Pages that are kept, those that were looked at last. */
const KEPT = 30

interface Page {
  held: ReadonlySet<number>
  /** It was forgotten, maybe before what was asked for came. */
  gone: boolean
  /** The turn of the states with which it was loaded. */
  turn: number
  snapshot: Snapshot<readonly ListedFrame[], EventFramesUpdate>
}

export class FramePages {
  readonly state = shallowReactive({
    /** Number of frames. */
    total: 0,
    /** Changes with any state. */
    version: 0,
    /** Number of times that the states were loaded: what was loaded earlier may be out of date. */
    turn: 0,
    /** Number of times that pages were forgotten, maybe of what is in sight elsewhere. */
    forgotten: 0,
  })

  /** By number. */
  private readonly details = shallowReactive(new Map<number, ListedFrame>())
  private readonly pages = new Map<number, Page>()
  private states = new FrameRow()

  private readonly snapshot = new Snapshot<FrameStates, EventFramesUpdate>(
    (fresh) => {
      this.states = new FrameRow(fresh)
      this.state.total = this.states.length
      this.state.turn += 1
      this.state.version += 1
    },
    ({ frames }) => {
      for (const change of frames) this.states.change(change)
      this.state.version += 1
    },
  )

  constructor(
    private readonly job: string,
    private readonly api: Api,
    private readonly attempt: Attempt,
  ) {}

  /** Read anew whenever a state changes. */
  get row(): FrameRow {
    void this.state.version
    return this.states
  }

  /** A frame, with its details if they are loaded. */
  at(place: number): ListedFrame {
    return this.details.get(this.row.numbers[place]!) ?? this.states.frameAt(place)
  }

  load(): void {
    this.attempt(() =>
      orMissing(() => this.snapshot.load(() => this.api.fetchJobFrameStates(this.job))),
    )
  }

  onEvent(event: EventFramesUpdate): void {
    this.snapshot.event(event)
    for (const { snapshot } of this.pages.values()) snapshot.event(event)
    if (event.refresh) this.load()
  }

  /** Loads the details of what is in sight, from one place to another. Watchers see it again when they are out of date or forgotten. */
  see(first: number, last: number): void {
    const { turn, forgotten } = this.state
    const end = Math.min(last, this.states.length - 1)
    for (let number = Math.floor(Math.max(0, first) / PAGE); number * PAGE <= end; number += 1) {
      const page = this.pages.get(number) ?? this.newPage()
      this.pages.delete(number)
      this.pages.set(number, page)
      if (page.turn === turn) continue
      page.turn = turn
      this.attempt(() => this.loadPage(page, number * PAGE))
    }
    for (const [number, page] of this.pages) {
      if (this.pages.size <= KEPT) break
      this.pages.delete(number)
      page.gone = true
      for (const frame of page.held) this.details.delete(frame)
      this.state.forgotten = forgotten + 1
    }
  }

  /** The ids of the tasks that make the frames from one place to another, by their numbers. */
  async makers(first: number, last: number): Promise<Map<number, string>> {
    const found = await this.fetch(first, last)
    return new Map(found.map(({ frame, task }) => [frame, task]))
  }

  private newPage(): Page {
    const page: Page = {
      held: new Set(),
      gone: false,
      turn: 0,
      snapshot: new Snapshot(
        (fresh) => {
          if (page.gone) return
          page.held = new Set(fresh.map(({ frame }) => frame))
          for (const each of fresh) this.details.set(each.frame, each)
        },
        ({ frames }) => {
          for (const change of frames) {
            const known = page.held.has(change.frame) && this.details.get(change.frame)
            if (known) this.details.set(change.frame, changedFrame(known, change))
          }
        },
      ),
    }
    return page
  }

  private async loadPage(page: Page, first: number): Promise<void> {
    try {
      await orMissing(() => page.snapshot.load(() => this.fetch(first, first + PAGE - 1)))
    } catch (error) {
      page.turn = 0
      throw error
    }
  }

  private fetch(first: number, last: number): Promise<readonly ListedFrame[]> {
    const { numbers, length } = this.states
    return this.api.fetchJobFrames(this.job, {
      first: numbers[first]!,
      last: numbers[Math.min(last, length - 1)]!,
    })
  }
}

/** That the job is missing is said once, by whoever loads the job. */
async function orMissing(load: () => Promise<void>): Promise<void> {
  try {
    await load()
  } catch (error) {
    if (!isMissing(error)) throw error
  }
}
