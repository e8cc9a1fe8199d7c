/** The time, once a second, for everything that shows an age. It stands still in a hidden tab. */

import { readonly, ref } from 'vue'

const current = ref(Date.now())
export const now = readonly(current)

function tick(): void {
  if (!document.hidden) current.value = Date.now()
}

export function startClock(): void {
  setInterval(tick, 1000)
  document.addEventListener('visibilitychange', tick)
}
