/** The Manager's actors as operators look at them. */

import type { ActorFigures, ManagerActors } from '../api/types'
import type { StatusLook } from './status'

export interface ActorRow {
  /** Its path. */
  id: string
  name: string
  /** Number of actors above it. */
  depth: number
  /** Place in the tree. */
  place: number
  /** Number of actors right below it. */
  children: number
  figures: ActorFigures
  /** Messages handled a second since it was asked before; null without that. */
  rate: number | null
}

const LOOKS: Readonly<Record<string, StatusLook>> = {
  running: { label: 'Running', tone: 'done' },
  starting: { label: 'Starting', tone: 'changing' },
  restarting: { label: 'Restarting', tone: 'warning' },
  stopping: { label: 'Stopping', tone: 'changing' },
  passive: { label: 'Passive', tone: 'paused' },
  parked: { label: 'Parked', tone: 'failed' },
  stopped: { label: 'Stopped', tone: 'canceled' },
}

export function actorLook({ state }: ActorFigures): StatusLook {
  return LOOKS[state] ?? { label: state, tone: 'failed' }
}

function above(path: string): string {
  return path.slice(0, path.lastIndexOf('/'))
}

/** `actors` come in the order of their tree, each before those below it. */
export function actorRows(actors: readonly ActorFigures[], before: ReadonlyMap<string, number>, seconds: number): ActorRow[] {
  const children = new Map<string, number>()
  for (const { path } of actors) children.set(above(path), (children.get(above(path)) ?? 0) + 1)
  const top = Math.min(...actors.map(({ path }) => path.split('/').length))
  return actors.map((figures, place) => {
    const { path, handled } = figures
    const was = before.get(path)
    return {
      id: path,
      name: path.slice(path.lastIndexOf('/') + 1),
      depth: path.split('/').length - top,
      place,
      children: children.get(path) ?? 0,
      figures,
      // Of another life there is nothing to compare with.
      rate: was === undefined || was > handled || seconds <= 0 ? null : (handled - was) / seconds,
    }
  })
}

/** Without those below an actor that is closed. */
export function openRows(rows: readonly ActorRow[], closed: ReadonlySet<string>): ActorRow[] {
  return rows.filter(({ id }) => {
    for (let path = above(id); path; path = above(path)) if (closed.has(path)) return false
    return true
  })
}

const BUSY_SECONDS = 5

/** Whether somebody should look at it. */
export function isSuspect({ state, waiting, busy_seconds = 0 }: ActorFigures): boolean {
  return (state !== 'running' && state !== 'passive') || waiting >= 100 || busy_seconds >= BUSY_SECONDS
}

/** What went wrong since the start, in words; what did not is left out. */
export function wrongs(found: ManagerActors): string[] {
  const counts: [number, string, string][] = [
    [found.crashes, 'crash', 'crashes'],
    [found.restarts, 'restart', 'restarts'],
    [found.failed_commits, 'failed commit', 'failed commits'],
    [found.unhandled, 'message without a handler', 'messages without a handler'],
    ...Object.entries(found.dead_letters).map(([reason, count]): [number, string, string] => [
      count,
      `dead letter (${reason})`,
      `dead letters (${reason})`,
    ]),
  ]
  return counts.filter(([count]) => count > 0).map(([count, one, many]) => `${count} ${count === 1 ? one : many}`)
}
