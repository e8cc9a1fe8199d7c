/** What is asked for besides what is kept live. */

import { onWatcherCleanup, shallowRef, watch, type ShallowRef } from 'vue'

import { mayPass } from '../api/client'
import { offline } from '.'

const AGAIN_MS = 5_000

/**
 * The answer about whatever `key` names, asked for anew when it changes, and after the Manager was out
 * of reach; `none` if the key is empty or the Manager refuses. It may be starting or busy: then it is asked again.
 */
export function asked<T>(
  key: () => string,
  load: (key: string) => Promise<T>,
  none: T,
): Readonly<ShallowRef<T>> {
  const answer = shallowRef(none)
  watch(
    [key, offline] as const,
    ([wanted, away], [before]) => {
      let timer: ReturnType<typeof setTimeout> | undefined
      let current = true
      onWatcherCleanup(() => {
        current = false
        clearTimeout(timer)
      })

      async function ask(): Promise<void> {
        try {
          const got = await load(wanted)
          if (current) answer.value = got
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
