/**
 * Edits of the configuration: what the file said, what the person made of it, and what became of it.
 *
 * Before each saving the file is read anew, so that only the keys of this person change, and a key
 * that somebody else has changed too is told before it is overwritten.
 */

import { computed, reactive, shallowRef } from 'vue'

import { reasonOf } from '../act'
import { ApiError, type Api } from '../api/client'
import type { ConfigurationFile, JsonValue, PathCheckResult } from '../api/types'
import { applied, bodyOf, clashes, difference, flatten, type Flat } from '../rules/configuration'
import { refusalAt, VARIABLE } from '../rules/configuration'
import { rebased, variablesIn } from '../rules/merging'
import { FIELDS, fieldOf, type SettingField } from '../rules/setting-fields'
import { draftOf, draftsOf, flatOf, isWholePath, problemOf, savedOf, valueOf } from '../rules/settings'
import type { Draft, Drafts, Saved } from '../rules/settings'
import { draftOf as variableDraftOf, problemsOf, type VariableDraft } from '../rules/variables'
import { createVariablesEditor } from './variables-editor'

const TRIES = 5
const STORAGE = 'shared_storage_path'

export interface EditorOptions {
  api: Pick<Api, 'getConfigurationFile' | 'updateConfigurationFile' | 'checkSharedStoragePath'>
  /** Has the rest of the page learn what changed. */
  onSaved: () => Promise<void>
}

export interface EditorState {
  phase: 'loading' | 'unreadable' | 'ready'
  /** Why the file can't be read, or could not be saved. */
  trouble: string
  /** The trouble is one with the file on the Manager's machine. */
  isFileTrouble: boolean
  saving: boolean
  drafts: Drafts
  variables: VariableDraft[]
  /** What the Manager said of a key. */
  refused: Record<string, string>
  /** What others made of keys that were changed here too; null: the variable is gone. */
  clashes: Record<string, JsonValue>
  saved: Saved | null
  /** What the Manager says of a folder that may become the shared storage. */
  storage: PathCheckResult | null
}

export function createEditor({ api, onSaved }: EditorOptions) {
  const file = shallowRef<Flat>(new Map())
  const state = reactive<EditorState>({
    phase: 'loading',
    trouble: '',
    isFileTrouble: false,
    saving: false,
    drafts: {},
    variables: [],
    refused: {},
    clashes: {},
    saved: null,
    storage: null,
  })

  const mine = computed(() => flatOf(file.value, state.drafts, state.variables))
  const changes = computed(() => difference(file.value, mine.value))
  const isAsStored = (field: SettingField, draft: Draft) =>
    draft === draftOf(field, file.value.get(field.key))
  const problems = computed(() => {
    const found: Record<string, string> = {}
    for (const field of FIELDS) {
      const draft = state.drafts[field.key] ?? ''
      const problem = isAsStored(field, draft) ? null : problemOf(field, draft)
      if (problem !== null) found[field.key] = problem
    }
    return found
  })
  const variableProblems = computed(() => problemsOf(state.variables))
  const wrong = computed(
    () => Object.keys(problems.value).length + Object.keys(variableProblems.value).length,
  )
  const dirty = computed(
    () => state.phase === 'ready' && (changes.value.size > 0 || wrong.value > 0),
  )

  /** Of what `file` says. */
  let version: string | null = null

  function show(now: Flat): void {
    file.value = now
    state.drafts = draftsOf(now)
    state.variables = variablesIn(now).map(([name, value]) => variableDraftOf(name, value))
    state.refused = {}
    state.clashes = {}
    state.storage = null
    state.phase = 'ready'
  }

  /** Takes over what the file says now beside what was changed here; keys that both changed. */
  function rebase(fresh: ConfigurationFile): string[] {
    const now = flatten(fresh.values)
    const own = changes.value
    const both = clashes(file.value, now, own)
    for (const key of both) state.clashes[key] = now.get(key) ?? null
    for (const field of FIELDS) {
      if (!own.has(field.key)) state.drafts[field.key] = draftOf(field, now.get(field.key))
    }
    state.variables = rebased(state.variables, own, now)
    file.value = now
    version = fresh.version
    for (const key of Object.keys(state.clashes)) {
      if (!changes.value.has(key)) delete state.clashes[key]
    }
    return both
  }

  /** Shows what the file says now, and keeps what was changed here. */
  async function load(): Promise<void> {
    if (state.saving) return
    try {
      const fresh = await api.getConfigurationFile()
      if (state.saving) return
      if (state.phase !== 'ready') show(flatten(fresh.values))
      rebase(fresh)
      tell(null)
    } catch (error) {
      tell(error)
      if (state.phase === 'loading' || (state.isFileTrouble && !dirty.value)) {
        state.phase = 'unreadable'
      }
    }
  }

  /** Whether it was saved. */
  async function save(): Promise<boolean> {
    if (state.saving || !dirty.value || wrong.value > 0) return false
    state.saving = true
    tell(null)
    state.refused = {}
    state.saved = null
    try {
      return await attempt(TRIES)
    } catch (error) {
      refuse(error)
      return false
    } finally {
      state.saving = false
    }
  }

  /** Once more where somebody else was faster between reading and sending. */
  async function attempt(tries: number): Promise<boolean> {
    if (rebase(await api.getConfigurationFile()).length > 0) return false
    try {
      if (changes.value.size > 0) await send()
      return true
    } catch (error) {
      const isOutdated = error instanceof ApiError && error.status === 412
      if (!isOutdated || tries <= 1) throw error
      return attempt(tries - 1)
    }
  }

  async function send(): Promise<void> {
    const saving = changes.value
    const names = new Map(state.variables.map(({ id, name }) => [id, name.trim()]))
    const waiting = await api.updateConfigurationFile(bodyOf(saving, file.value), version)
    state.variables = state.variables.map((each) => ({ ...each, was: names.get(each.id) ?? null }))
    state.clashes = {}
    state.storage = null
    file.value = applied(saving, file.value)
    await Promise.allSettled([api.getConfigurationFile().then(rebase), onSaved()])
    state.saved = savedOf([...saving.keys()], waiting)
  }

  function tell(error: unknown): void {
    state.trouble = error === null ? '' : reasonOf(error)
    state.isFileTrouble = error instanceof ApiError && error.status === 503
  }

  function refuse(error: unknown): void {
    const isRefusal = error instanceof ApiError && (error.status === 400 || error.status === 403)
    const keys = [...FIELDS.map(({ key }) => key), ...mine.value.keys()]
    const at = isRefusal ? refusalAt(reasonOf(error), keys) : null
    if (at === null || !(fieldOf(at[0]) || at[0].startsWith(VARIABLE))) tell(error)
    else state.refused[at[0]] = at[1]
  }

  /** What was said of a key, or of the last saving, is of the past. */
  function edited(key: string): void {
    delete state.refused[key]
    state.saved = null
    if (key === STORAGE) state.storage = null
    if (!state.isFileTrouble) tell(null)
  }

  function edit(key: string, draft: Draft): void {
    edited(key)
    state.drafts[key] = draft
  }

  /** Writes a duration, a number or a path as it will be saved. */
  function tidy(key: string): void {
    const field = fieldOf(key)
    const draft = state.drafts[key]
    if (field === undefined || draft === undefined || isAsStored(field, draft)) return
    if (problemOf(field, draft) === null) {
      state.drafts[key] = draftOf(field, valueOf(field, draft))
    }
    if (key === STORAGE) void checkStorage()
  }

  async function checkStorage(): Promise<void> {
    const path = String(state.drafts[STORAGE])
    if (!isWholePath(path) || !changes.value.has(STORAGE)) return
    const result = await api.checkSharedStoragePath(path).catch(() => null)
    if (path === state.drafts[STORAGE] && changes.value.has(STORAGE)) state.storage = result
  }

  /** Takes one setting back to what the file says. */
  function undo(key: string): void {
    const field = fieldOf(key)
    if (field) edit(key, draftOf(field, file.value.get(key)))
    delete state.clashes[key]
  }

  function undoAll(): void {
    show(file.value)
    tell(null)
  }

  return {
    file,
    state,
    mine,
    changes,
    dirty,
    wrong,
    problems,
    variableProblems,
    load,
    save,
    edit,
    tidy,
    undo,
    undoAll,
    variables: createVariablesEditor(state, file, edited),
  }
}

export type Editor = ReturnType<typeof createEditor>
