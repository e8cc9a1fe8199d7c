/** What came of one thing that was asked of several. */

import { nameList } from './format'

export interface Words {
  /** Begin the messages: "Pausing" and "Could not pause". */
  done: string
  failed: string
}

export interface Outcome {
  name: string
  /** Why it was refused; null if it was done. */
  why: string | null
}

export interface Report {
  done: string | null
  /** A sentence for each reason. */
  refused: string[]
}

/** `skipped` counts what was chosen too but is in no state for this. */
export function report(words: Words, outcomes: readonly Outcome[], skipped = 0): Report {
  const done = outcomes.filter(({ why }) => why === null).map(({ name }) => name)
  const refused = new Map<string, string[]>()
  for (const { name, why } of outcomes) {
    if (why !== null) refused.set(why, refused.get(why) ?? []).get(why)?.push(name)
  }
  const rest = skipped > 0 ? `; does not apply to ${skipped} more` : ''
  return {
    done: done.length > 0 ? `${words.done} ${nameList(done)}${rest}` : null,
    refused: [...refused].map(([why, those]) => `${words.failed} ${nameList(those)}: ${why}`),
  }
}
