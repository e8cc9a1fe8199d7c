/** What is asked for besides what is kept live. */

import { onWatcherCleanup, shallowRef, watch, type ShallowRef } from 'vue'

import { isMissing } from '../api/client'

const AGAIN_MS = 5_000

/**
 * The answer about whatever `key` names, asked for anew when it changes; `none` if it is empty.
 * The Manager may be starting or out of reach, so what failed is asked for again.
 */
export function asked<T>(
  key: () => string,
  load: (key: string) => Promise<T>,
  none: T,
): Readonly<ShallowRef<T>> {
  const answer = shallowRef(none)
  watch(
    key,
    (wanted) => {
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
          if (isMissing(error)) answer.value = none
          else timer = setTimeout(() => void ask(), AGAIN_MS)
        }
      }

      if (wanted) void ask()
      else answer.value = none
    },
    { immediate: true },
  )
  return answer
}
