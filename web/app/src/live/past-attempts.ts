/** Attempts that have ended, of a job or a Worker: the newest are kept up to date, earlier ones asked for by the page. */

import { ref, shallowRef, watch, type Ref } from 'vue'

import { withEarlier, withNewest, type Past } from '../rules/timeline'

const NONE: Past = { attempts: [], more: false }

/** `newest`: null until it is known. `showEarlier` throws what `load` does, and does nothing while one is loading. */
export function pastAttempts(newest: Readonly<Ref<Past | null>>, load: (before: string) => Promise<Past>) {
  const past = shallowRef(NONE)
  const loading = ref(false)
  watch(newest, (page) => (past.value = page ? withNewest(past.value, page) : NONE), { immediate: true })

  async function showEarlier(): Promise<void> {
    const before = past.value.attempts.at(-1)?.ended
    if (before === undefined || loading.value) return
    loading.value = true
    try {
      const earlier = await load(before)
      past.value = withEarlier(past.value, before, earlier)
    } finally {
      loading.value = false
    }
  }

  return { past, loading, showEarlier }
}
