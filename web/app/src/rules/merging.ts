/** Variables that are edited here, and that somebody else may have changed in the file meanwhile. */

import { VARIABLE, type Changes, type Flat } from './configuration'
import { draftOf, variableOf, type VariableDraft } from './variables'

export function variablesIn(file: Flat): [string, ReturnType<typeof variableOf>][] {
  return [...file]
    .filter(([key]) => key.startsWith(VARIABLE))
    .map(([key, value]) => [key.slice(VARIABLE.length), value as ReturnType<typeof variableOf>])
}

/** The drafts, with what the file says `now` wherever it was not changed here (`own`). */
export function rebased(drafts: readonly VariableDraft[], own: Changes, now: Flat): VariableDraft[] {
  const inFile = variablesIn(now)
  const names = new Set(inFile.map(([name]) => name))
  const isThere = ({ was }: VariableDraft) => was !== null && names.has(was)
  const isOwn = (name: string) => own.has(VARIABLE + name)

  const kept = inFile.flatMap(([name, value]): VariableDraft[] => {
    const draft = drafts.find(({ was }) => was === name)
    if (draft) {
      const isEdited = isOwn(name) || isOwn(draft.name.trim())
      const isSame = JSON.stringify(variableOf(draft)) === JSON.stringify(value)
      return [isEdited || isSame ? draft : { ...draftOf(name, value), id: draft.id }]
    }
    const named = drafts.find((each) => each.name.trim() === name)
    if (named && !isThere(named)) return [{ ...named, was: name }]
    // Deleted here, unless another one was renamed to it: then both stand there to be told apart.
    return isOwn(name) && !named ? [] : [draftOf(name, value)]
  })
  const known = new Set(kept.map(({ id }) => id))
  const others = drafts.filter((each) => !known.has(each.id) && !isThere(each))
  const added = others.filter((each) => each.was === null || isOwn(each.name.trim()))
  return [...kept, ...added.map((each) => ({ ...each, was: null }))]
}
