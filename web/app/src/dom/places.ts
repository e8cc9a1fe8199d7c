/** Where links lead: to something else of the same page, whose list stays as it is looked at. */

import { useRoute, type RouteLocationRaw } from 'vue-router'

/** Opening something closes the viewer and leaves the log, of which `frame` and `line` tell in the address. */
export function usePlaces() {
  const route = useRoute()
  return (name: string, params: Record<string, string> = {}): RouteLocationRaw => {
    const { frame, line, ...query } = route.query
    return { name, params, query: route.name === name ? query : {} }
  }
}
