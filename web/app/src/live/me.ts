/** Who looks at the page, as it was when the page was opened. */

import { computed, shallowRef } from 'vue'

import type { Me, Permission } from '../api/types'

export const me = shallowRef<Me | null>(null)

export const myself = computed(() => me.value?.user)

export function may(permission: Permission): boolean {
  return me.value?.may.includes(permission) ?? false
}
