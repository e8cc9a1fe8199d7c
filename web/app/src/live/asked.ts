/** What is asked for besides what is kept live. */

import { useDocumentVisibility } from '@vueuse/core'
import { onWatcherCleanup, shallowRef, watch, type ShallowRef } from 'vue'

import { mayPass } from '../api/client'
import { offline } from '.'

const AGAIN_MS = 5_000

/**
 * The answer about whatever `key` names, asked for anew when it changes, and after the Manager was out
 * of reach; `none` if the key is empty or the Manager refuses. It may be starting or busy: then it is asked again.
 * While nobody sees the page, nothing is asked for.
 * `once`: until there is an answer, for what a person goes on with.
 */
export function asked<T>(
  key: () => string,
  load: (key: string) => Promise<T>,
  none: T,
  { once = false } = {},
): Readonly<ShallowRef<T>> {
  const answer = shallowRef(none)
  const visibility = useDocumentVisibility()
  let answered = false
  watch(
    [key, offline, () => visibility.value === 'hidden'] as const,
    ([wanted, away, unseen], [before, wasAway]) => {
      if (wanted !== before || (away !== wasAway && !once)) answered = false
      else if (answered) return
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

      if (wanted && !away && !unseen) void ask()
      else if (wanted !== before && (away || !wanted)) answer.value = none
    },
    { immediate: true },
  )
  return answer
}
