import { describe, expect, it } from 'vitest'

import {
  click,
  keepExisting,
  NOTHING_SELECTED,
  selected,
  selectedText,
  selectOnly,
  withOlder,
} from '../src/rules/selection'

const order = ['a', 'b', 'c', 'd', 'e']
const plain = { toggle: false, range: false }
const ctrl = { toggle: true, range: false }
const shift = { toggle: false, range: true }

describe('selecting rows', () => {
  it('selects one with a click', () => {
    const selection = click(selectOnly('a'), order, 'c', plain)
    expect([...selection.ids]).toEqual(['c'])
  })

  it('adds and takes away with ctrl', () => {
    const both = click(selectOnly('a'), order, 'c', ctrl)
    expect([...both.ids]).toEqual(['a', 'c'])
    expect([...click(both, order, 'a', ctrl).ids]).toEqual(['c'])
  })

  it('takes the range from the last click with shift, in both directions', () => {
    const down = click(selectOnly('b'), order, 'd', shift)
    expect([...down.ids]).toEqual(['b', 'c', 'd'])
    const up = click(down, order, 'a', shift)
    expect([...up.ids]).toEqual(['a', 'b'])
  })

  it('adds a range with ctrl and shift', () => {
    const first = click(selectOnly('a'), order, 'd', ctrl)
    expect([...click(first, order, 'e', { toggle: true, range: true }).ids]).toEqual(['a', 'd', 'e'])
  })

  it('selects one when the range has no start', () => {
    expect([...click(NOTHING_SELECTED, order, 'c', shift).ids]).toEqual(['c'])
    expect([...click(selectOnly('gone'), order, 'c', shift).ids]).toEqual(['c'])
  })

  it('adds what did not change later than the newest that is selected', () => {
    const rows = order.map((id, day) => ({ id, updated: `2026-03-0${9 - day}T10:00:00Z` }))
    const older = withOlder(click(selectOnly('e'), order, 'c', ctrl), rows)
    expect([...older.ids].sort()).toEqual(['c', 'd', 'e'])
    expect(withOlder(NOTHING_SELECTED, rows).ids.size).toBe(0)
  })

  it('forgets rows that are gone', () => {
    const selection = click(selectOnly('b'), order, 'd', shift)
    const kept = keepExisting(selection, (id) => id !== 'b')
    expect([...kept.ids]).toEqual(['c', 'd'])
    expect(kept.anchor).toBeNull()
    expect(keepExisting(kept, () => true)).toBe(kept)
  })

  it('stands in the address if there are several, and not too many for it', () => {
    expect(selectedText(selectOnly('a'))).toBe('')
    const several = click(selectOnly('a'), order, 'c', ctrl)
    expect(selected(selectedText(several)).ids).toEqual(several.ids)
    expect(selectedText({ ids: new Set(Array.from({ length: 1000 }, String)), anchor: null })).toBe('')
    expect(selected('')).toEqual(NOTHING_SELECTED)
  })
})
