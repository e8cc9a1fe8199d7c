import { describe, expect, it } from 'vitest'

import { applied, bodyOf, clashes, difference, flatten, refusalAt } from '../src/rules/configuration'
import { rebased, variablesIn } from '../src/rules/merging'
import { draftOf, newVariable, type VariableDraft } from '../src/rules/variables'

const everywhere = (value: string) => ({ is_twoway: false, values: [{ platform: 'all', value }] })
const FILE = {
  _meta: { version: 3 },
  manager_name: 'Farm',
  task_timeout: '10m0s',
  shaman: { enabled: true, garbageCollect: { period: '24h0m0s' } },
  variables: { blender: everywhere('blender'), my: everywhere('1') },
}
const BEFORE = flatten(FILE)

function changed(changes: Record<string, unknown>) {
  return applied(new Map(Object.entries(changes)) as never, BEFORE)
}

describe('the configuration', () => {
  it('is sent as far as it changed, and variables as a whole', () => {
    const changes = difference(BEFORE, changed({ 'shaman.garbageCollect.period': '0s' }))
    expect(bodyOf(changes, BEFORE)).toEqual({ shaman: { garbageCollect: { period: '0s' } } })
    const others = difference(BEFORE, changed({ 'variables.my': null, 'variables.new': everywhere('2') }))
    expect(bodyOf(others, BEFORE)).toEqual({
      variables: { blender: everywhere('blender'), new: everywhere('2') },
    })
  })

  it('takes the variables of others along', () => {
    const mine = difference(BEFORE, changed({ 'variables.my': everywhere('2') }))
    const theirs = changed({ 'variables.blender': everywhere('/opt/blender'), task_timeout: '5m0s' })
    expect(clashes(BEFORE, theirs, mine)).toEqual([])
    expect(bodyOf(mine, theirs)).toEqual({
      variables: { blender: everywhere('/opt/blender'), my: everywhere('2') },
    })
  })

  it('clashes where both changed a key to something else', () => {
    const mine = difference(
      BEFORE,
      changed({ manager_name: 'Mine', task_timeout: '5m0s', 'variables.my': null }),
    )
    const theirs = changed({
      manager_name: 'Theirs',
      task_timeout: '5m0s',
      'variables.my': everywhere('3'),
      'shaman.enabled': false,
    })
    expect(clashes(BEFORE, theirs, mine)).toEqual(['manager_name', 'variables.my'])
  })

  it('is the same however a value names its one platform', () => {
    const file = (value: object) => flatten({ variables: { x: { values: [value] } } } as never)
    const one = file({ platforms: ['linux'], value: 'v', audience: 'all' })
    expect(difference(one, file({ platform: 'linux', value: 'v' }))).toEqual(new Map())
  })

  it.each([
    ["listen: expected an address, found 'x'", 'listen', "expected an address, found 'x'"],
    ['shaman.enabled: expected true or false', 'shaman.enabled', 'expected true or false'],
    ['variables.my.values[0].value: expected a text', 'variables.my', 'values[0].value: expected a text'],
    ['variables.my: expected a name', 'variables.my', 'expected a name'],
  ])('has refusals at their key: %s', (message, key, text) => {
    const keys = ['listen', 'shaman.enabled', 'variables.my', 'variables.m']
    expect(refusalAt(message, keys)).toEqual([key, text])
  })

  it('has no place for other refusals', () => {
    expect(refusalAt('listening: no', ['listen'])).toBeNull()
    expect(refusalAt('The Manager cannot be reached.', ['listen'])).toBeNull()
  })
})

describe('edited variables', () => {
  const drafts = () => variablesIn(BEFORE).map(([name, value]) => draftOf(name, value))
  const names = (all: readonly VariableDraft[]) => all.map(({ was, name }) => [was, name])
  const THEIRS = changed({ 'variables.my': everywhere('3'), 'variables.new': everywhere('4') })

  it('follow the file where they were not edited', () => {
    const before = drafts()
    const after = rebased(before, new Map(), THEIRS)
    expect(names(after)).toEqual([['blender', 'blender'], ['my', 'my'], ['new', 'new']])
    expect(after[0]).toBe(before[0])
    expect(after[1]).toMatchObject({ id: before[1]!.id, values: [{ value: '3' }] })
    expect(rebased(before, new Map(), changed({ 'variables.my': null }))).toEqual([before[0]])
  })

  it('stay as they were edited', () => {
    const [blender, my] = drafts() as [VariableDraft, VariableDraft]
    const own = new Map([['variables.my', everywhere('2')]])
    const edited = { ...my, values: [{ ...my.values[0]!, value: '2' }] }
    expect(rebased([blender, edited], own, THEIRS)[1]).toBe(edited)
    const gone = rebased([blender, edited], own, changed({ 'variables.my': null }))
    expect(gone[1]).toMatchObject({ was: null, name: 'my', values: [{ value: '2' }] })
  })

  it('stay deleted, renamed and added', () => {
    const [blender, my] = drafts() as [VariableDraft, VariableDraft]
    expect(names(rebased([blender], new Map([['variables.my', null]]), BEFORE))).toEqual([
      ['blender', 'blender'],
    ])
    const renaming = new Map([['variables.my', null], ['variables.yours', everywhere('1')]]) as never
    expect(names(rebased([blender, { ...my, name: 'yours' }], renaming, THEIRS))).toEqual([
      ['blender', 'blender'], ['my', 'yours'], ['new', 'new'],
    ])
    const added = { ...newVariable(), name: 'mine' }
    const adding = new Map([['variables.mine', everywhere('')]])
    expect(names(rebased([blender, my, added], adding, BEFORE)).at(-1)).toEqual([null, 'mine'])
  })

  it('become the one of their name that somebody else has added too', () => {
    const added = { ...newVariable(), name: 'new' }
    const own = new Map([['variables.new', everywhere('')]])
    expect(names(rebased([...drafts(), added], own, THEIRS)).at(-1)).toEqual(['new', 'new'])
  })

  it('stand beside one that somebody else has given their new name', () => {
    const [blender, my] = drafts() as [VariableDraft, VariableDraft]
    const own = new Map([['variables.my', null], ['variables.new', everywhere('1')]]) as never
    expect(names(rebased([blender, { ...my, name: 'new' }], own, THEIRS))).toEqual([
      ['blender', 'blender'], ['my', 'new'], ['new', 'new'],
    ])
  })
})
