/** The tasks of a job as its table shows them: of very many, those in sight. */

import { shallowReactive } from 'vue'

import { isMissing, type Api, type TasksQuery } from '../api/client'
import type { EventTaskUpdate } from '../api/events'
import type { TaskStatus, TaskSummary } from '../api/types'
import { fetchThose } from './fetch-those'
import type { Attempt } from './open-job'
import { isStale, taskFields } from './reduce'
import { Soon } from './soon'

const PAGE = 100
/** Pages that are kept, on either side of what is in sight. */
const KEPT = 10
const MOST_AT_ONCE = 1_000
const AGAIN_MS = 2_000

export type TaskCounts = Partial<Record<TaskStatus, number>>
export type TasksView = Omit<TasksQuery, 'skip' | 'limit' | 'count' | 'after'>

export class TaskPages {
  /** Those that are loaded, by their places in the list. */
  readonly rows = shallowReactive(new Map<number, TaskSummary>())
  /** Those that a person has selected. */
  readonly picked = shallowReactive(new Map<string, TaskSummary>())
  readonly state = shallowReactive({
    /** Number of tasks that match. */
    total: 0,
    /** Of those that match the search, in whatever status. */
    counts: {} as TaskCounts,
    loaded: false,
  })

  private view: TasksView | null = null
  /** The number of the answers that count: those to earlier questions don't. */
  private turn = 0
  private readonly pages = new Set<number>()
  private readonly places = new Map<string, number>()
  private sight = { first: 0, last: 0 }
  private readonly again = new Soon(() => this.refresh(), AGAIN_MS)

  constructor(
    private readonly job: string,
    private readonly api: Api,
    private readonly attempt: Attempt,
  ) {}

  show(view: TasksView): void {
    this.view = view
    this.refresh()
  }

  hide(): void {
    this.view = null
    this.again.stop()
  }

  /** Loads what is in sight of the table now. */
  see(first: number, last: number): void {
    this.sight = { first, last }
    this.load()
  }

  refresh(): void {
    this.turn += 1
    this.pages.clear()
    this.load(true)
  }

  onTaskEvent(event: EventTaskUpdate): void {
    if (this.view === null) return
    const place = this.places.get(event.id)
    const known = place === undefined ? undefined : this.rows.get(place)
    if (known && !isStale(event, known)) this.rows.set(place!, taskFields(known, event))
    const picked = this.picked.get(event.id)
    if (picked && !isStale(event, picked)) this.picked.set(event.id, taskFields(picked, event))
    const elsewhere = event.previous_status !== undefined || (known && known.status !== event.status)
    if (elsewhere || this.view.sort?.endsWith('updated')) this.again.ask()
  }

  /** The tasks from one place to another, loaded or not. */
  async between(first: number, last: number): Promise<TaskSummary[]> {
    const there = Array.from({ length: last - first + 1 }, (_, at) => this.rows.get(first + at))
    if (there.every((task) => task !== undefined)) return there
    const found: TaskSummary[] = []
    for (let skip = first; skip <= last; skip += MOST_AT_ONCE) {
      found.push(...(await this.fetch(skip, Math.min(MOST_AT_ONCE, last - skip + 1), false)).tasks)
    }
    return found
  }

  /** Holds what is known of these tasks, and forgets the others that were picked. */
  async pick(ids: ReadonlySet<string>, those: readonly TaskSummary[] = []): Promise<void> {
    for (const id of this.picked.keys()) if (!ids.has(id)) this.picked.delete(id)
    for (const task of those) if (ids.has(task.id)) this.picked.set(task.id, task)
    const unknown: string[] = []
    for (const id of ids) {
      const row = this.rows.get(this.places.get(id) ?? -1)
      if (row) this.picked.set(id, row)
      else if (!this.picked.has(id)) unknown.push(id)
    }
    for (const task of await fetchThose(unknown, this.api.fetchTask)) this.picked.set(task.id, task)
  }

  private load(count = false): void {
    if (this.view === null) return
    const [first, last] = [this.sight.first, this.sight.last].map((place) => Math.floor(place / PAGE))
    for (let page = first!; page <= last!; page += 1) {
      if (this.pages.has(page)) continue
      this.pages.add(page)
      const counts = count && page === first
      this.attempt(() => this.loadPage(page, counts))
    }
    for (const page of this.pages) if (page < first! - KEPT || page > last! + KEPT) this.forget(page)
  }

  private async loadPage(page: number, count: boolean): Promise<void> {
    const { turn } = this
    try {
      const answer = await this.fetch(page * PAGE, PAGE, count)
      if (turn !== this.turn) return
      for (const place of this.rows.keys()) {
        const its = Math.floor(place / PAGE)
        if (its === page || !this.pages.has(its)) this.rows.delete(place)
      }
      answer.tasks.forEach((task, at) => this.rows.set(page * PAGE + at, task))
      this.places.clear()
      for (const [place, { id }] of this.rows) this.places.set(id, place)
      if (answer.total !== undefined) this.state.total = answer.total
      if (answer.counts) this.state.counts = answer.counts
      this.state.loaded = true
    } catch (error) {
      this.pages.delete(page)
      if (!isMissing(error)) throw error
    }
  }

  private async fetch(skip: number, limit: number, count: boolean) {
    const { tasks = [], ...rest } = await this.api.fetchJobTasks(this.job, { ...this.view, skip, limit, count })
    return { tasks, ...rest }
  }

  private forget(page: number): void {
    this.pages.delete(page)
    for (let place = page * PAGE; place < (page + 1) * PAGE; place += 1) this.rows.delete(place)
  }
}
