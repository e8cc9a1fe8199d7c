/** Light or dark: as the system has it, or as chosen in this browser. */

import { useLocalStorage } from '@vueuse/core'
import { watchEffect } from 'vue'

export const THEMES = ['system', 'light', 'dark'] as const
export type Theme = (typeof THEMES)[number]

export const theme = useLocalStorage<Theme>('theme', 'system')

watchEffect(() => {
  document.documentElement.dataset.theme = theme.value
})
