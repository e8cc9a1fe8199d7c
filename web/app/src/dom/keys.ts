/** Keys that work everywhere on the page, but not while somebody types or a dialog asks. */

import { useEventListener } from '@vueuse/core'
import { ref, type Ref } from 'vue'
import { useRouter } from 'vue-router'

import { GO } from '../rules/shortcuts'

const GO_MS = 1_500 // from `g` to its letter

export function isTyping(event: KeyboardEvent): boolean {
  const { target } = event
  if (!(target instanceof Element)) return false
  return target.closest('input, textarea, select, [contenteditable], [role=dialog], [role=alertdialog], [role=menu]') !== null
}

export interface Overlays {
  palette: Ref<boolean>
  help: Ref<boolean>
}

export function usePageKeys(): Overlays {
  const router = useRouter()
  const palette = ref(false)
  const help = ref(false)
  let going = 0

  useEventListener(document, 'keydown', (event) => {
    if (event.key.toLowerCase() === 'k' && (event.ctrlKey || event.metaKey) && !event.altKey) {
      event.preventDefault()
      palette.value = !palette.value
      return
    }
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event)) return
    const page = Date.now() - going < GO_MS ? GO[event.key] : undefined
    going = event.key === 'g' ? Date.now() : 0
    if (page) void router.push({ name: page })
    else if (event.key === '?') help.value = true
    else if (event.key === '/') document.querySelector<HTMLElement>('input[type=search]')?.focus()
    else return
    event.preventDefault()
  })

  return { palette, help }
}
