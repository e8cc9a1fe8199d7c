/** Saved views of a list: how it is looked at, under a name. */

export type Query = Record<string, string>

export interface View {
  name: string
  query: Query
}

/** What is open or selected is no part of how the list is looked at. */
const APART = ['tab', 'frame', 'line', 'wrap', 'selected']

export function viewOf(query: Record<string, unknown>): Query {
  const entries = Object.entries(query).filter(
    (entry): entry is [string, string] =>
      typeof entry[1] === 'string' &&
      entry[1] !== '' &&
      !APART.includes(entry[0]) &&
      !entry[0].startsWith('task-'),
  )
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)))
}

export function isSame(one: Query, other: Query): boolean {
  return JSON.stringify(viewOf(one)) === JSON.stringify(viewOf(other))
}

/** With one more, which takes the place of another of that name. */
export function withView(views: readonly View[], view: View): View[] {
  const others = views.filter(({ name }) => name !== view.name)
  return [...others, view].sort((a, b) => a.name.localeCompare(b.name))
}
