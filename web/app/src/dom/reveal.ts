/** Shows long tables a part at a time: more rows come when the end scrolls into view. */

import { computed, onBeforeUnmount, ref, watch, type Ref } from 'vue'

const STEP = 200

export function useReveal<Row>(rows: Ref<readonly Row[]>, end: Ref<Element | null>) {
  const limit = ref(STEP)
  const observer = new IntersectionObserver(
    (entries) => {
      if (entries.some((entry) => entry.isIntersecting)) limit.value += STEP
    },
    { rootMargin: '400px' },
  )
  watch(end, (now, before) => {
    if (before) observer.unobserve(before)
    if (now) observer.observe(now)
  })
  onBeforeUnmount(() => observer.disconnect())
  return {
    shown: computed(() => rows.value.slice(0, limit.value)),
    more: computed(() => rows.value.length > limit.value),
  }
}
