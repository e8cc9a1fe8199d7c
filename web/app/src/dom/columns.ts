/** Which columns a table shows, in which order and how wide, as chosen and remembered in this browser. */

import {
  columnOrderingFeature,
  columnResizingFeature,
  columnSizingFeature,
  columnVisibilityFeature,
  tableFeatures,
  useTable,
} from '@tanstack/vue-table'
import { useLocalStorage } from '@vueuse/core'
import { computed, nextTick } from 'vue'

import type { Column, SortedColumn } from '../components/ui/columns'

const NARROWEST = 36 // px
const NUDGE = 12

const features = tableFeatures({
  columnOrderingFeature,
  columnResizingFeature,
  columnSizingFeature,
  columnVisibilityFeature,
})

interface Chosen {
  visibility: Record<string, boolean>
  order: string[]
  sizing: Record<string, number>
}

type Change<T> = T | ((before: T) => T)

function applied<T>(change: Change<T>, before: T): T {
  return typeof change === 'function' ? (change as (before: T) => T)(before) : change
}

/** `name` is where the choice is kept. */
export function useColumns<Row>(name: string, columns: readonly SortedColumn<Row>[]) {
  const byKey = new Map(columns.map((column) => [column.key, column]))
  const chosen = useLocalStorage<Chosen>(
    `columns-${name}`,
    { visibility: {}, order: [], sizing: {} },
    { mergeDefaults: true },
  )

  function set<K extends keyof Chosen>(part: K): (change: Change<Chosen[K]>) => void {
    return (change) => {
      chosen.value = { ...chosen.value, [part]: applied(change, chosen.value[part]) }
    }
  }

  const table = useTable({
    features,
    columns: columns.map(({ key }) => ({ id: key, header: key, minSize: NARROWEST })),
    data: [],
    columnResizeMode: 'onChange',
    state: computed(() => ({
      columnVisibility: chosen.value.visibility,
      columnOrder: chosen.value.order,
      columnSizing: chosen.value.sizing,
    })),
    onColumnVisibilityChange: set('visibility'),
    onColumnOrderChange: set('order'),
    onColumnSizingChange: set('sizing'),
  })

  const shown = computed(() => {
    const { sizing, order, visibility } = chosen.value
    void [order, visibility] // what the table goes by
    return table.getVisibleLeafColumns().flatMap(({ id }) => {
      const column = byKey.get(id)
      return column ? [{ ...column, width: sizing[id] ? `${sizing[id]}px` : column.width }] : []
    })
  })

  /** Puts a column in the place of another. */
  function move(key: string, place: string | undefined): void {
    if (place === undefined || place === key) return
    const keys = table.getAllLeafColumns().map(({ id }) => id)
    const order = keys.filter((each) => each !== key)
    order.splice(keys.indexOf(place), 0, key)
    table.setColumnOrder(order)
  }

  return {
    shown,
    all: columns,
    isShown: (key: string) => shown.value.some((column) => column.key === key),
    show: (key: string, on: boolean) => table.getColumn(key)?.toggleVisibility(on),
    reset: () => (chosen.value = { visibility: {}, order: [], sizing: {} }),
    move,
    /** To the left or the right of its neighbour. */
    step(key: string, by: number): void {
      const keys = shown.value.map((column) => column.key)
      move(key, keys[keys.indexOf(key) + by])
    },
    /** `width` is what it has now, in px. */
    nudge(key: string, width: number, by: number): void {
      set('sizing')((before) => ({ ...before, [key]: Math.max(NARROWEST, width + by * NUDGE) }))
    },
    /** Begins with the width that it has now, in px. */
    async resize(key: string, width: number, event: MouseEvent | TouchEvent): Promise<void> {
      set('sizing')((before) => ({ ...before, [key]: width }))
      await nextTick()
      const header = table.getFlatHeaders().find(({ column }) => column.id === key)
      header?.getResizeHandler()(event)
    },
  }
}

/** What its header and menu need of it, whatever its rows are. */
export type ColumnLayout = Omit<ReturnType<typeof useColumns>, 'shown' | 'all'> & {
  all: readonly Pick<Column, 'key' | 'label' | 'fixed' | 'descendingFirst'>[]
}
