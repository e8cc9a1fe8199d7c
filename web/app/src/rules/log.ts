/** The text of a task log that grows while it is looked at. */

export const MAX_LOG_LINES = 1000

/**
 * Joins a log's tail with what arrived over the socket while it was fetched: the whole lines of
 * `arrived` that the tail already ends with are not repeated.
 */
export function joinLog(tail: string, arrived: string): string {
  for (let length = arrived.length; length > 0; length = arrived.lastIndexOf('\n', length - 2) + 1) {
    if (tail.endsWith(arrived.slice(0, length))) return tail + arrived.slice(length)
  }
  return tail + arrived
}

/** Appends, and drops the oldest lines beyond MAX_LOG_LINES. */
export function appendLog(log: string, text: string): string {
  const lines = (log + text).split('\n')
  return lines.length <= MAX_LOG_LINES + 1
    ? lines.join('\n')
    : lines.slice(lines.length - MAX_LOG_LINES - 1).join('\n')
}
