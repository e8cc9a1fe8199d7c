/** The operator's token, from the link that the Manager tells in its log when it starts. */

const KEY = 'operator-token'
const PREFIX = '#operator='

/** Takes the token out of the address, and keeps it for as long as this tab is open. */
export function takeOperatorToken(
  place: Pick<Location, 'hash' | 'pathname' | 'search'>,
  store: Pick<Storage, 'setItem'>,
  history: Pick<History, 'replaceState'>,
): void {
  if (!place.hash.startsWith(PREFIX)) return
  store.setItem(KEY, decodeURIComponent(place.hash.slice(PREFIX.length)))
  history.replaceState(null, '', place.pathname + place.search)
}

/** Where people sign in, that token means nothing. */
export function forgetOperatorToken(store: Pick<Storage, 'removeItem'>): void {
  store.removeItem(KEY)
}

export function operatorHeaders(store: Pick<Storage, 'getItem'> | undefined): Record<string, string> {
  const token = store?.getItem(KEY)
  return token ? { Authorization: `Bearer ${token}` } : {}
}
