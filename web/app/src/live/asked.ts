/** What is asked for besides what is kept live. */

import { onWatcherCleanup, shallowRef, watch, type ShallowRef } from 'vue'

import { isMissing, mayPass } from '../api/client'
import { offline } from '.'

const AGAIN_MS = 5_000

/**
 * The answer about whatever `key` names, asked for anew when it changes, and after the Manager was out
 * of reach; `none` if the key is empty or the Manager refuses. It may be starting or busy: then it is asked again.
 * `once`: until there is an answer, for what a person goes on with.
 */
export function asked<T>(
  key: () => string,
  load: (key: string) => Promise<T>,
  none: T,
  { once = false } = {},
): Readonly<ShallowRef<T>> {
  const answer = shallowRef(none)
  let answered = false
  watch(
    [key, offline] as const,
    ([wanted, away], [before]) => {
      if (wanted !== before) answered = false
      else if (once && answered) return
      let timer: ReturnType<typeof setTimeout> | undefined
      let current = true
      onWatcherCleanup(() => {
        current = false
        clearTimeout(timer)
      })

      async function ask(): Promise<void> {
        try {
          const got = await load(wanted)
          if (!current) return
          answered = true
          answer.value = got
        } catch (error) {
          if (!current) return
          if (mayPass(error)) timer = setTimeout(() => void ask(), AGAIN_MS)
          else answer.value = none
        }
      }

      if (wanted && !away) void ask()
      else if (wanted !== before) answer.value = none
    },
    { immediate: true },
  )
  return answer
}

/** Those of `ids` that the Manager still has. */
export async function fetchThose<T>(ids: readonly string[], fetch: (id: string) => Promise<T>): Promise<T[]> {
  const found = await Promise.all(
    ids.map((id) =>
      fetch(id).catch((error: unknown) => {
        if (isMissing(error)) return null
        throw error
      }),
    ),
  )
  return found.filter((each) => each !== null)
}
