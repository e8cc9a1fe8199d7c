/** The course of the setup assistant: each answer is checked by the Manager, the last step saves. */

import { computed, reactive, watch } from 'vue'

import type { Api } from '../api/client'
import type { ManagerConfiguration } from '../api/types'
import {
  chosenKey,
  indexOf,
  mayVisit,
  NO_ANSWERS,
  runsAsSetUp,
  setupOf,
  STEPS,
  typedPath,
  type Answers,
  type Step,
} from '../rules/setup'

export interface AssistantOptions {
  api: Pick<
    Api,
    | 'checkSharedStoragePath'
    | 'findBlenderExePath'
    | 'checkBlenderExePath'
    | 'saveSetupAssistantConfig'
  >
  /** As it was fetched last; once more after each reconnection. */
  configuration: () => ManagerConfiguration | null | undefined
  /** Fetches it now. */
  refresh: () => Promise<void>
}

export function createAssistant({ api, configuration, refresh }: AssistantOptions) {
  const answers = reactive<Answers>({ ...NO_ANSWERS })
  const state = reactive({
    step: 'welcome' as Step,
    furthest: 0,
    busy: false,
    /** What is wrong with the answers of this step. */
    error: '',
    findError: '',
    /** The Manager has taken the answers, and starts anew. */
    saved: false,
  })

  async function find(): Promise<void> {
    answers.found = null
    state.findError = ''
    let found: Answers['found'] = []
    try {
      found = await api.findBlenderExePath()
    } catch (error) {
      state.findError = textOf(error)
    }
    answers.found = found
  }

  async function checkStorage(): Promise<void> {
    const path = typedPath(answers.storage)
    const result = await api.checkSharedStoragePath(path)
    if (!result.is_usable) throw new Error(result.cause)
    answers.checkedStorage = path
  }

  async function checkBlender(): Promise<void> {
    if (chosenKey(answers) !== 'own') return
    const path = typedPath(answers.blender)
    const result = await api.checkBlenderExePath(path)
    if (!result.is_usable) throw new Error(result.cause)
    answers.checkedBlender = { ...result, input: path }
  }

  async function save(): Promise<void> {
    await refresh()
    const setup = setupOf(answers)
    if (!configuration()?.isFirstRun || setup === null) return
    await checkStorage().catch((error: unknown) => {
      state.step = 'storage'
      throw error
    })
    await api.saveSetupAssistantConfig(setup)
    state.saved = true
  }

  const finish: Record<Step, () => Promise<void>> = {
    welcome: async () => undefined,
    storage: checkStorage,
    blender: checkBlender,
    review: save,
  }

  /** There is nothing to choose yet. */
  const waits = computed(() => state.step === 'blender' && chosenKey(answers) === null)

  async function next(): Promise<void> {
    if (state.busy || waits.value) return
    state.busy = true
    state.error = ''
    try {
      await finish[state.step]()
      const index = Math.min(indexOf(state.step) + 1, STEPS.length - 1)
      state.furthest = Math.max(state.furthest, index)
      state.step = STEPS[index]!.key
    } catch (error) {
      state.error = textOf(error)
    } finally {
      state.busy = false
    }
  }

  function go(step: Step): void {
    if (state.busy || !mayVisit(step, state.furthest, answers)) return
    state.error = ''
    state.step = step
  }

  watch(
    () => [answers.storage, answers.blender, answers.chosen],
    () => (state.error = ''),
    { flush: 'sync' },
  )
  watch(
    configuration,
    (now) => {
      if (!state.saved || !now?.isFirstRun) return
      state.saved = false
      state.error = 'The Manager has restarted, and still waits to be set up. Please try again.'
    },
    { flush: 'sync' },
  )
  void find()

  return {
    answers,
    state,
    waits,
    find,
    next,
    go,
    /** The Manager runs with these answers. */
    done: computed(() => {
      const now = configuration()
      return state.saved && now != null && runsAsSetUp(now)
    }),
    /** Somebody else was faster. */
    overtaken: computed(
      () => configuration()?.isFirstRun === false && !state.saved && !state.busy,
    ),
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

export type Assistant = ReturnType<typeof createAssistant>
