/** Selecting rows: click selects one, ctrl/cmd toggles, shift takes the range from the last one. */

export interface Selection {
  readonly ids: ReadonlySet<string>
  /** Where a shift-click's range starts: the row last clicked without shift. */
  readonly anchor: string | null
}

export interface ClickKeys {
  toggle: boolean
  range: boolean
}

export const NOTHING_SELECTED: Selection = { ids: new Set(), anchor: null }

const MOST_IN_ADDRESS = 100

/** As in the address, which names several; of more than fit there, it names none. */
export function selectedText({ ids }: Selection): string {
  return ids.size > 1 && ids.size <= MOST_IN_ADDRESS ? [...ids].join(',') : ''
}

export function selected(text: string): Selection {
  const ids = text.split(',').filter(Boolean)
  return { ids: new Set(ids), anchor: ids.at(-1) ?? null }
}

export function selectOnly(id: string | undefined): Selection {
  return id === undefined ? NOTHING_SELECTED : { ids: new Set([id]), anchor: id }
}

/** `order` holds the ids of the rows as they are shown. */
export function click(
  selection: Selection,
  order: readonly string[],
  id: string,
  keys: ClickKeys,
): Selection {
  if (keys.range && selection.anchor !== null) {
    const range = between(order, selection.anchor, id)
    if (range.length > 0) {
      const kept = keys.toggle ? [...selection.ids] : []
      return { ids: new Set([...kept, ...range]), anchor: selection.anchor }
    }
  }
  if (keys.toggle) {
    const ids = new Set(selection.ids)
    if (!ids.delete(id)) ids.add(id)
    return { ids, anchor: id }
  }
  return selectOnly(id)
}

function between(order: readonly string[], from: string, to: string): string[] {
  const start = order.indexOf(from)
  const end = order.indexOf(to)
  if (start < 0 || end < 0) return []
  return order.slice(Math.min(start, end), Math.max(start, end) + 1)
}

/** Adds the rows that changed last when the newest of those selected did, or before. */
export function withOlder(
  selection: Selection,
  rows: readonly { id: string; updated: string }[],
): Selection {
  const time = (row: { updated: string }) => Date.parse(row.updated)
  const selected = rows.filter(({ id }) => selection.ids.has(id))
  const newest = selected.reduce((latest, row) => Math.max(latest, time(row)), -Infinity)
  const older = rows.filter((row) => time(row) <= newest).map(({ id }) => id)
  return { ids: new Set([...selection.ids, ...older]), anchor: selection.anchor }
}

/** Forgets rows that are gone. Returns the same object when none is. */
export function keepExisting(selection: Selection, exists: (id: string) => boolean): Selection {
  const ids = [...selection.ids].filter(exists)
  if (ids.length === selection.ids.size) return selection
  const { anchor } = selection
  return { ids: new Set(ids), anchor: anchor !== null && exists(anchor) ? anchor : null }
}
