/** What is asked for and what is told, in the order in which they came. */

import type { Api } from '../api/client'

type Call = (...given: unknown[]) => Promise<unknown>

/** `api`, with `catchUp` called as each answer comes, before whoever asked goes on with it. */
export function inOrder(api: Api, catchUp: () => void): Api {
  const calls = Object.entries(api) as [string, Call][]
  const inTurn = (call: Call): Call => (...given) => call(...given).finally(catchUp)
  return Object.fromEntries(calls.map(([name, call]) => [name, inTurn(call)])) as unknown as Api
}
