import { describe, expect, it } from 'vitest'

import type { ActorFigures, ManagerActors } from '../src/api/types'
import { actorLook, actorRows, isSuspect, openRows, wrongs } from '../src/rules/actors'

function actor(path: string, fields: Partial<ActorFigures> = {}): ActorFigures {
  return { path, kind: 'Actor', state: 'running', waiting: 0, handled: 0, restarts: 0, handler_ms: 0, ...fields }
}

const TREE = [actor('/jobs'), actor('/jobs/a', { handled: 30 }), actor('/jobs/b'), actor('/recorder', { handled: 5 })]

describe('the tree of actors', () => {
  it('knows how deep each stands, and how many are below it', () => {
    const rows = actorRows(TREE, new Map(), 2)
    expect(rows.map(({ name, depth, children }) => [name, depth, children])).toEqual([
      ['jobs', 0, 2], ['a', 1, 0], ['b', 1, 0], ['recorder', 0, 0],
    ])
  })

  it('begins with the part that was asked for', () => {
    expect(actorRows(TREE.slice(1, 3), new Map(), 2).map(({ depth }) => depth)).toEqual([0, 0])
    expect(actorRows([], new Map(), 2)).toEqual([])
  })

  it('tells how many messages a second each handles', () => {
    const before = new Map([['/jobs/a', 10], ['/recorder', 9]])
    expect(actorRows(TREE, before, 2).map(({ rate }) => rate)).toEqual([null, 10, null, null])
  })

  it('leaves out what is below a closed actor', () => {
    const rows = openRows(actorRows(TREE, new Map(), 2), new Set(['/jobs']))
    expect(rows.map(({ id }) => id)).toEqual(['/jobs', '/recorder'])
  })
})

it.each([
  [{}, false],
  [{ state: 'passive' }, false],
  [{ state: 'restarting' }, true],
  [{ waiting: 100 }, true],
  [{ busy_seconds: 4.9 }, false],
  [{ busy_seconds: 5 }, true],
])('an actor with %o is looked at: %s', (fields, suspect) => {
  expect(isSuspect(actor('/a', fields))).toBe(suspect)
})

it('names a state that the page does not know', () => {
  expect(actorLook(actor('/a', { state: 'odd' }))).toEqual({ label: 'odd', tone: 'failed' })
})

it('says what went wrong since the start', () => {
  const none = { crashes: 0, restarts: 0, failed_commits: 0, unhandled: 0, dead_letters: {} } as ManagerActors
  expect(wrongs(none)).toEqual([])
  const some = { ...none, crashes: 1, restarts: 2, dead_letters: { stopped: 3, full: 0 } }
  expect(wrongs(some)).toEqual(['1 crash', '2 restarts', '3 dead letters (stopped)'])
})
