/** How a list is looked at: search, filter and order, kept in the address, so that it can be shared. */

import { useRouteQuery } from '@vueuse/router'
import { computed } from 'vue'

import { orderText, parsedOrder, type SortOrder } from '../rules/sort'

/** `place` begins the names of this list's parts of the address. */
export function useListView<S extends string>(
  place: string,
  statuses: Record<S, unknown>,
  usual: SortOrder,
) {
  const part = (name: string, usually = '') =>
    useRouteQuery<string, string>(place + name, usually, {
      transform: (value) => (Array.isArray(value) ? value[0] : value) ?? usually,
    })
  const status = part('status')
  const sort = part('sort', orderText(usual))

  return {
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

/** Something that is on or off in the address. */
export function useYes(name: string) {
  return useRouteQuery<string, boolean>(name, '', {
    transform: { get: (value) => value === 'yes', set: (on) => (on ? 'yes' : '') },
  })
}
