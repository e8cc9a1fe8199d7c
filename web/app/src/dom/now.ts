/** The time, once a second, for everything that shows an age. */

import { useNow } from '@vueuse/core'
import { computed } from 'vue'

const current = useNow({ interval: 1000 })
export const now = computed(() => current.value.getTime())
