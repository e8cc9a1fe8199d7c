/** What no event tells of: asked for every so often, for as long as somebody looks. */

import { useDocumentVisibility, useIntervalFn } from '@vueuse/core'
import { shallowReactive, watch } from 'vue'

import { reasonOf } from '../act'

export interface Polled<T> {
  /** Null until the first is there; the last one stays while the Manager is out of reach. */
  answer: T | null
  /** Why there is no newer one; empty if there is. */
  problem: string
}

/** `key` names what is asked for: another one is asked for at once. */
export function polled<T>(key: () => string, load: (key: string) => Promise<T>, everyMs: number): Polled<T> {
  const state = shallowReactive<Polled<T>>({ answer: null, problem: '' })
  const visibility = useDocumentVisibility()
  let turn = 0
  let asking = false

  async function ask(): Promise<void> {
    const mine = ++turn
    asking = true
    try {
      const answer = await load(key())
      if (mine === turn) Object.assign(state, { answer, problem: '' })
    } catch (error) {
      if (mine === turn) state.problem = reasonOf(error)
    } finally {
      if (mine === turn) asking = false
    }
  }

  useIntervalFn(() => {
    if (!asking && visibility.value === 'visible') void ask()
  }, everyMs)
  watch(key, () => void ask(), { immediate: true })
  return state
}
