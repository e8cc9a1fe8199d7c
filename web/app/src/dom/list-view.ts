/** How a list is looked at: search, filter, order and what is selected, in the address, so that it can be shared. */

import { watchDebounced } from '@vueuse/core'
import { useRouteQuery } from '@vueuse/router'
import { computed, ref, watch, type Ref } from 'vue'
import { useRoute, useRouter } from 'vue-router'

import { selected, selectedText, type Selection } from '../rules/selection'
import { orderText, parsedOrder, type SortOrder } from '../rules/sort'

/** `place` begins the names of this list's parts of the address. */
export function useListView<S extends string>(
  place: string,
  statuses: Record<S, unknown>,
  usual: SortOrder,
) {
  const part = (name: string, usually?: string) => usePart(place + name, usually)
  const status = part('status')
  const sort = part('sort', orderText(usual))

  return {
    selection: useSelection(`${place}selected`),
    search: part('q'),
    statuses: computed<ReadonlySet<S>>({
      get: () => new Set(status.value.split(',').filter((name): name is S => name in statuses)),
      set: (chosen) => (status.value = [...chosen].join(',')),
    }),
    order: computed<SortOrder>({
      get: () => parsedOrder(sort.value),
      set: (order) => (sort.value = orderText(order)),
    }),
  }
}

const SETTLED_MS = 50 // after a click that opens something, too

/** Several selected rows; a single one is open, which the address says already. */
function useSelection(name: string): Ref<Selection> {
  const route = useRoute()
  const router = useRouter()
  const inAddress = () => String(route.query[name] ?? '')
  const selection = ref<Selection>(selected(inAddress()))
  watch(inAddress, (text) => {
    if (text && text !== selectedText(selection.value)) selection.value = selected(text)
  })
  watchDebounced(
    () => selectedText(selection.value),
    (text) => {
      if (text === inAddress()) return
      const { [name]: before, ...query } = route.query
      void router.replace({ query: text ? { ...query, [name]: text } : query, hash: route.hash })
    },
    { debounce: SETTLED_MS },
  )
  return selection
}

/** A text in the address. */
export function usePart(name: string, usually = '') {
  return useRouteQuery<string, string>(name, usually, {
    transform: (value) => (Array.isArray(value) ? value[0] : value) ?? usually,
  })
}

/** Something that is on or off in the address. */
export function useYes(name: string) {
  return useRouteQuery<string, boolean>(name, '', {
    transform: { get: (value) => value === 'yes', set: (on) => (on ? 'yes' : '') },
  })
}
