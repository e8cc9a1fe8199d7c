/** The colours of states as the browser resolves them, for what is drawn and not styled. */

import { useMutationObserver, usePreferredDark } from '@vueuse/core'
import { computed, ref } from 'vue'

const dark = usePreferredDark()
const chosen = ref(0)
useMutationObserver(document.documentElement, () => (chosen.value += 1), {
  attributeFilter: ['data-theme'],
})

/** What `var(--name)` is now; follows the theme. */
export const colours = computed(() => {
  const seen = new Map<string, string>()
  const theme = [dark.value, chosen.value]
  return (name: string): string => {
    const known = seen.get(name)
    if (known !== undefined || theme.length === 0) return known ?? ''
    const probe = document.createElement('span')
    probe.style.color = `var(--${name})`
    document.body.append(probe)
    const colour = getComputedStyle(probe).color
    probe.remove()
    seen.set(name, colour)
    return colour
  }
})
