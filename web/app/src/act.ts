/** Sends one request for each of several things, and tells what came of it in one message. */

import { nameList } from './rules/format'
import { notify, notifyError } from './notices'

/** `done` and `failed` begin the messages: "Pausing" and "Could not pause". */
export async function actOnAll<T extends { name: string }>(
  targets: readonly T[],
  words: { done: string; failed: string },
  request: (target: T) => Promise<void>,
): Promise<void> {
  const results = await Promise.allSettled(targets.map(request))
  const done = targets.filter((_, index) => results[index]?.status === 'fulfilled')
  if (done.length > 0) notify(`${words.done} ${nameList(done.map(({ name }) => name))}`)
  for (const [index, result] of results.entries()) {
    if (result.status === 'fulfilled') continue
    const why = result.reason instanceof Error ? result.reason.message : String(result.reason)
    notifyError(`${words.failed} ${targets[index]?.name ?? ''}: ${why}`)
  }
}
