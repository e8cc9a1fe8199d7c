/** The lines of the audit log that match: the newest first, older ones as somebody scrolls to them, and new ones as they come. */

import { useDocumentVisibility, useIntervalFn } from '@vueuse/core'
import { onScopeDispose, shallowReactive, watch } from 'vue'

import { live } from '.'
import type { AuditLine } from '../api/types'
import { reasonOf } from '../act'
import { wantedLines, type AuditChoice } from '../rules/audit'

const PAGE = 200
const MOST = 1000 // that the Manager tells at once
const LOOK_MS = 10_000

export interface AuditLog {
  lines: readonly AuditLine[]
  /** Whether the first ones are there. */
  loaded: boolean
  /** Whether there are older ones. */
  more: boolean
  /** Why what is shown is not of now; empty if it is. */
  problem: string
}

export function auditLog(choice: () => AuditChoice) {
  const log = shallowReactive<AuditLog>({ lines: [], loaded: false, more: false, problem: '' })
  const visibility = useDocumentVisibility()
  let turn = 0
  let asking = false

  async function ask(place: { before?: number; after?: number }): Promise<void> {
    const mine = turn
    asking = true
    try {
      const limit = place.after === undefined ? PAGE : MOST
      const found = await live.api.fetchAuditLog({ ...wantedLines(choice()), ...place, limit })
      if (mine !== turn) return
      if (place.after === undefined) Object.assign(log, { lines: [...log.lines, ...found.lines], more: found.more })
      else if (found.lines.length > 0) log.lines = [...[...found.lines].reverse(), ...log.lines]
      Object.assign(log, { loaded: true, problem: '' })
    } catch (error) {
      if (mine === turn) log.problem = reasonOf(error)
    }
    if (mine === turn) asking = false
  }

  function older(): void {
    const last = log.lines.at(-1)
    if (log.more && last && !asking) void ask({ before: last.number })
  }

  useIntervalFn(() => {
    if (asking || visibility.value !== 'visible') return
    void ask(log.loaded ? { after: log.lines[0]?.number ?? 0 } : {})
  }, LOOK_MS)
  watch(
    () => JSON.stringify(choice()),
    () => {
      turn += 1
      Object.assign(log, { lines: [], loaded: false, more: false, problem: '' })
      void ask({})
    },
    { immediate: true },
  )
  onScopeDispose(() => (turn += 1))
  return { log, older }
}

/** All lines that match, the oldest first. */
export async function allLines(choice: AuditChoice): Promise<AuditLine[]> {
  const lines: AuditLine[] = []
  for (let more = true; more; ) {
    const after = lines.at(-1)?.number ?? 0
    const found = await live.api.fetchAuditLog({ ...wantedLines(choice), after, limit: MOST })
    lines.push(...found.lines)
    more = found.more
  }
  return lines
}
