/** Asks one thing of each of several, and tells what came of it in one message. */

import type { BulkResult } from './api/types'
import { plural } from './rules/format'
import { report, type Outcome, type Words } from './rules/outcomes'
import { notify, notifyError } from './notices'

/** With a request for each. `skipped` counts what was chosen too but is in no status for this. */
export async function actOnAll<T extends { name: string }>(
  targets: readonly T[],
  words: Words,
  request: (target: T) => Promise<void>,
  skipped = 0,
): Promise<void> {
  const results = await Promise.allSettled(targets.map(request))
  const outcomes = targets.map(({ name }, index): Outcome => {
    const result = results[index]
    return { name, why: result?.status === 'rejected' ? reasonOf(result.reason) : null }
  })
  tell(words, outcomes, skipped)
}

/** Maximum number that the Manager takes in one request. */
const MOST_AT_ONCE = 10_000

/** With one request for as many as one takes. */
export async function actInBulk<T extends { id: string; name: string }>(
  targets: readonly T[],
  words: Words,
  request: (ids: readonly string[]) => Promise<BulkResult>,
  skipped = 0,
): Promise<void> {
  const why = new Map<string, string | undefined>()
  for (let first = 0; first < targets.length; first += MOST_AT_ONCE) {
    const ids = targets.slice(first, first + MOST_AT_ONCE).map(({ id }) => id)
    try {
      const result = await request(ids)
      for (const { id, message } of result.outcomes) why.set(id, message)
    } catch (error) {
      for (const id of ids) why.set(id, reasonOf(error))
    }
  }
  const outcomes = targets.map(({ id, name }) => ({ name, why: why.get(id) ?? null }))
  tell(words, outcomes, skipped)
}

/** With one request for all that match, whoever they are. */
export async function actOnMatching(words: Words, noun: string, request: () => Promise<BulkResult>): Promise<void> {
  try {
    const { done, reasons = [] } = await request()
    if (done > 0 || reasons.length === 0) notify(`${words.done} ${plural(done, noun)}`)
    for (const { message, count } of reasons) notifyError(`${words.failed} ${plural(count, noun)}: ${message}`)
  } catch (error) {
    notifyError(`${words.failed}: ${reasonOf(error)}`)
  }
}

function tell(words: Words, outcomes: readonly Outcome[], skipped: number): void {
  const { done, refused } = report(words, outcomes, skipped)
  if (done !== null) notify(done)
  refused.forEach(notifyError)
}

/** Whether a request succeeds; `failed` begins the message if it does not: "Could not delete gpu". */
export async function succeeds(request: Promise<void>, failed: string): Promise<boolean> {
  try {
    await request
    return true
  } catch (error) {
    notifyError(`${failed}: ${reasonOf(error)}`)
    return false
  }
}

export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
