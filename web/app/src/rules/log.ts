/** The text of a task log that grows while it is looked at. */

export const MAX_LOG_LINES = 1000
export const MAX_LOG_CHARACTERS = 2 ** 20

/**
 * Joins a log's tail with what arrived over the socket while it was fetched: the whole lines of
 * `arrived` that the tail already ends with are not repeated.
 */
export function joinLog(tail: string, arrived: string): string {
  const lines = arrived.split(/(?<=\n)/)
  for (let count = lines.length; count > 0; count--) {
    const repeated = lines.slice(0, count).join('')
    if (tail === repeated || tail.endsWith(`\n${repeated}`)) {
      return tail + lines.slice(count).join('')
    }
  }
  return tail + arrived
}

/** Appends, and drops the oldest text beyond MAX_LOG_LINES and MAX_LOG_CHARACTERS. */
export function appendLog(log: string, text: string): string {
  const lines = (log + text).slice(-MAX_LOG_CHARACTERS).split('\n')
  return lines.slice(-MAX_LOG_LINES - 1).join('\n')
}
