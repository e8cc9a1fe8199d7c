/** Who looks at the page, as it was when the page was opened. */

import { computed, shallowRef } from 'vue'

import type { Danger, Me, Permission } from '../api/types'

export const me = shallowRef<Me | null>(null)

/** Why who was named by a proxy has not been let in. */
export const refusal = shallowRef('')

export const myself = computed(() => me.value?.user)

/** What is wrong with the way in which the Manager is reached. */
export const DANGERS: Record<Danger, { name: string; meaning: string }> = {
  open: {
    name: 'Open to all',
    meaning: 'Whoever reaches this Manager over the network may use it, and run any program on the Workers.',
  },
  clear: {
    name: 'Not encrypted',
    meaning: 'Passwords and tokens travel over the network in clear.',
  },
}

export const danger = computed(() => me.value?.danger && DANGERS[me.value.danger])

export function may(permission: Permission): boolean {
  return me.value?.may.includes(permission) ?? false
}
