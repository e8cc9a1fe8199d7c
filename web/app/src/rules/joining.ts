/** How Workers join by tokens. */

import type { JoinTokenWanted, ShownJoinToken } from '../api/types'

/** What a new token is for; else it is the id of a Worker, which gets new credentials. */
export const ONE = 'one'
export const ANY = 'any'

/** [hours, as people say it] */
export const LIVES: readonly [number, string][] = [
  [1, 'an hour'],
  [48, 'two days'],
  [7 * 24, 'a week'],
  [90 * 24, 'three months'],
  [365 * 24, 'a year'],
]

export interface TokenForm {
  name: string
  joins: string
  hours: number
  tags: readonly string[]
}

export function wantedToken({ name, joins, hours, tags }: TokenForm): JoinTokenWanted {
  const wanted = { name: name.trim(), hours }
  if (joins !== ONE && joins !== ANY) return { ...wanted, once: true, tags: [], worker_id: joins }
  return { ...wanted, once: joins === ONE, tags: [...tags] }
}

/** What a Worker's machine is told. */
export function joinCommand(manager: string, secret: string): string {
  return `flamenco worker --manager ${manager} --join-token ${secret}`
}

export function goodFor(token: ShownJoinToken, nameOf: (worker: string) => string | undefined): string {
  if (token.worker_id) return `new credentials of ${nameOf(token.worker_id) ?? 'a Worker that is gone'}`
  return token.once ? 'one new Worker' : 'any number of new Workers'
}
