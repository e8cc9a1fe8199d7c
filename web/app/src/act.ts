/** Sends one request for each of several things, and tells what came of it in one message. */

import { nameList } from './rules/format'
import { notify, notifyError } from './notices'

/**
 * `done` and `failed` begin the messages: "Pausing" and "Could not pause". `skipped` counts what was
 * chosen too but is in no status for this.
 */
export async function actOnAll<T extends { name: string }>(
  targets: readonly T[],
  words: { done: string; failed: string },
  request: (target: T) => Promise<void>,
  skipped = 0,
): Promise<void> {
  const results = await Promise.allSettled(targets.map(request))
  const done = targets.filter((_, index) => results[index]?.status === 'fulfilled')
  if (done.length > 0) {
    const rest = skipped > 0 ? `; does not apply to ${skipped} more` : ''
    notify(`${words.done} ${nameList(done.map(({ name }) => name))}${rest}`)
  }
  for (const [index, result] of results.entries()) {
    if (result.status === 'fulfilled') continue
    const why = result.reason instanceof Error ? result.reason.message : String(result.reason)
    notifyError(`${words.failed} ${targets[index]?.name ?? ''}: ${why}`)
  }
}

/** Whether a request succeeds; `failed` begins the message if it does not: "Could not delete gpu". */
export async function succeeds(request: Promise<void>, failed: string): Promise<boolean> {
  try {
    await request
    return true
  } catch (error) {
    notifyError(`${failed}: ${error instanceof Error ? error.message : String(error)}`)
    return false
  }
}
