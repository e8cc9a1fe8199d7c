/** Where links lead: to something else of the same page, whose list stays as it is looked at. */

import { useRoute, type RouteLocationRaw } from 'vue-router'

/** Opening something closes the viewer, of which `frame` tells in the address. */
export function usePlaces() {
  const route = useRoute()
  return (name: string, params: Record<string, string> = {}): RouteLocationRaw => {
    const { frame, ...query } = route.query
    return { name, params, query: route.name === name ? query : {} }
  }
}
