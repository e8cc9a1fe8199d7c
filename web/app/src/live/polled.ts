/** What no event tells of: asked for every so often, for as long as somebody looks. */

import { useDocumentVisibility, useIntervalFn } from '@vueuse/core'
import { onScopeDispose, shallowReactive, watch } from 'vue'

import { reasonOf } from '../act'

export interface Polled<T> {
  /** Null until the first about this subject is there; the last one stays while the Manager is out of reach. */
  answer: T | null
  /** Why there is no newer one; empty if there is. */
  problem: string
}

/**
 * `key` names what is asked for: another one is asked for at once, and nothing while it is null. When `changes`
 * gives something else, the answer is out of date: it is asked for anew, after the one that is on its way.
 */
export function polled<T>(
  key: () => string | null,
  load: (key: string) => Promise<T>,
  everyMs: number,
  changes: () => unknown = () => undefined,
): Polled<T> {
  const state = shallowReactive<Polled<T>>({ answer: null, problem: '' })
  const visibility = useDocumentVisibility()
  let turn = 0
  let asking = false
  let due = false

  async function ask(wanted: string): Promise<void> {
    const mine = ++turn
    asking = true
    due = false
    try {
      const answer = await load(wanted)
      if (mine === turn) Object.assign(state, { answer, problem: '' })
    } catch (error) {
      if (mine === turn) state.problem = reasonOf(error)
    }
    if (mine !== turn) return
    asking = false
    askIfDue()
  }

  function askIfDue(): void {
    const wanted = key()
    if (due && !asking && wanted !== null && visibility.value === 'visible') void ask(wanted)
  }

  useIntervalFn(() => {
    due ||= !asking
    askIfDue()
  }, everyMs)
  watch(visibility, askIfDue)
  watch(changes, () => {
    due = true
    askIfDue()
  })
  watch(
    key,
    () => {
      turn += 1
      asking = false
      due = true
      Object.assign(state, { answer: null, problem: '' })
      askIfDue()
    },
    { immediate: true },
  )
  onScopeDispose(() => (turn += 1))
  return state
}
