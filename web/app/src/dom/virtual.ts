/** Shows the rows of a long table that are in sight, within whatever scrolls around it. */

import { useVirtualizer } from '@tanstack/vue-virtual'
import { useEventListener, useResizeObserver } from '@vueuse/core'
import { computed, nextTick, onMounted, ref, shallowRef, watch, type Ref } from 'vue'

const USUAL_HEIGHT = 36
const BEYOND = 8 // rows

function scrollerOf(element: HTMLElement): HTMLElement {
  let parent = element.parentElement
  while (parent && !['auto', 'scroll'].includes(getComputedStyle(parent).overflowY)) {
    parent = parent.parentElement
  }
  return parent ?? document.documentElement
}

/** The rows of a table, of which some may not be loaded. */
export interface RowList<Row> {
  readonly length: number
  at(index: number): Row | undefined
}

/** `body` holds the rows, all of the same height, which is measured. */
export function useVirtualRows<Row>(
  rows: Ref<RowList<Row>>,
  body: Ref<HTMLElement | null>,
) {
  const scroller = shallowRef<HTMLElement | null>(null)
  const above = ref(0)
  const height = ref(USUAL_HEIGHT)

  const virtual = useVirtualizer(
    computed(() => ({
      count: rows.value.length,
      getScrollElement: () => scroller.value,
      estimateSize: () => height.value,
      overscan: BEYOND,
      scrollMargin: above.value,
    })),
  )

  function look(): void {
    if (!body.value || !scroller.value) return
    const inside = body.value.getBoundingClientRect().top - scroller.value.getBoundingClientRect().top
    above.value = Math.round(inside + scroller.value.scrollTop)
    const row = body.value.querySelector<HTMLElement>('[data-row]')
    if (row) height.value = row.offsetHeight
  }

  onMounted(() => {
    if (body.value) scroller.value = scrollerOf(body.value)
    look()
  })
  useEventListener(scroller, 'scroll', look, { passive: true })
  useResizeObserver([body, scroller], look)
  watch(height, () => virtual.value.measure())

  const items = computed(() => virtual.value.getVirtualItems())
  const shown = computed(() =>
    items.value.flatMap(({ index }) => {
      const row = rows.value.at(index)
      return row ? [{ row, index }] : []
    }),
  )
  /** The room of the rows that are not shown, before and after those that are. */
  const room = computed(() => {
    const first = items.value[0]
    const last = items.value.at(-1)
    if (!first || !last) return { before: 0, after: 0 }
    const end = virtual.value.getTotalSize() + above.value
    return { before: first.start - above.value, after: Math.max(0, end - last.end) }
  })

  async function reach(index: number): Promise<void> {
    virtual.value.scrollToIndex(index)
    await nextTick()
    await new Promise(requestAnimationFrame)
  }

  return { items, shown, room, reach }
}
