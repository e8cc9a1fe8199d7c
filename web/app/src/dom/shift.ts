/** Whether a Shift key is held down. */

import { onBeforeUnmount, onMounted, ref } from 'vue'

export function useShiftHeld() {
  const held = ref(false)
  const update = (event: KeyboardEvent) => (held.value = event.shiftKey)
  const release = () => (held.value = false)
  onMounted(() => {
    window.addEventListener('keydown', update)
    window.addEventListener('keyup', update)
    window.addEventListener('blur', release)
  })
  onBeforeUnmount(() => {
    window.removeEventListener('keydown', update)
    window.removeEventListener('keyup', update)
    window.removeEventListener('blur', release)
  })
  return held
}
