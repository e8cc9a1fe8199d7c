/** Edits of the configuration's variables; each gives a new draft in place of the old one. */

import { computed, type ShallowRef } from 'vue'

import { VARIABLE, type Flat } from '../rules/configuration'
import { variablesIn } from '../rules/merging'
import { DEFAULTS, draftOf, newVariable, variableOf, type VariableDraft } from '../rules/variables'
import type { EditorState } from './editor'

export function createVariablesEditor(
  state: EditorState,
  file: Readonly<ShallowRef<Flat>>,
  edited: (key: string) => void,
) {
  function add(): VariableDraft {
    const added = newVariable()
    state.variables = [...state.variables, added]
    return added
  }

  function change(before: VariableDraft, fields: Partial<VariableDraft>): void {
    edited(VARIABLE + before.name.trim())
    state.variables = state.variables.map((each) =>
      each.id === before.id ? { ...each, ...fields } : each,
    )
  }

  function remove({ id, name }: VariableDraft): void {
    edited(VARIABLE + name.trim())
    state.variables = state.variables.filter((each) => each.id !== id)
  }

  /** One that the Manager always has goes back to what it is without a word in the file. */
  function reset(variable: VariableDraft): void {
    change(variable, { ...draftOf(variable.name, DEFAULTS[variable.name]!), id: variable.id })
  }

  /** Takes it back to what the file says. */
  function undo(variable: VariableDraft): void {
    const { id, was, name } = variable
    for (const each of [name.trim(), was]) delete state.clashes[VARIABLE + each]
    const stored = was === null ? undefined : file.value.get(VARIABLE + was)
    if (stored === undefined) remove(variable)
    else change(variable, { ...draftOf(was!, stored), id })
  }

  /** Brings back one that was deleted here. */
  function restore(name: string): void {
    edited(VARIABLE + name)
    delete state.clashes[VARIABLE + name]
    state.variables = [...state.variables, draftOf(name, file.value.get(VARIABLE + name)!)]
  }

  return {
    add,
    change,
    remove,
    reset,
    undo,
    restore,
    /** Names of those that were deleted here. */
    removed: computed(() => {
      const kept = new Set(state.variables.map(({ was }) => was))
      return variablesIn(file.value).flatMap(([name]) => (kept.has(name) ? [] : [name]))
    }),
    /** Whether it is another one than in the file. */
    isChanged(variable: VariableDraft): boolean {
      const { was, name } = variable
      if (was === null || name.trim() !== was) return true
      return JSON.stringify(variableOf(variable)) !== JSON.stringify(file.value.get(VARIABLE + was))
    },
  }
}

export type VariablesEditor = ReturnType<typeof createVariablesEditor>
