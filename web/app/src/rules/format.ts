/** Numbers and times as people read them. */

const MINUTE = 60
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** "now", "12s", "3m", "5h", "2d", then the date. `now` in milliseconds since the epoch. */
export function shortAge(iso: string, now: number): string {
  const seconds = Math.floor((now - Date.parse(iso)) / 1000)
  if (Number.isNaN(seconds)) return '–'
  if (seconds < 3) return 'now'
  if (seconds < MINUTE) return `${seconds}s`
  if (seconds < HOUR) return `${Math.floor(seconds / MINUTE)}m`
  if (seconds < DAY) return `${Math.floor(seconds / HOUR)}h`
  if (seconds < 30 * DAY) return `${Math.floor(seconds / DAY)}d`
  return new Date(iso).toLocaleDateString(undefined, { dateStyle: 'medium' })
}

/** As shortAge, as part of a sentence: "3m ago", "just now". */
export function age(iso: string, now: number): string {
  const short = shortAge(iso, now)
  if (short === 'now') return 'just now'
  return /^\d+[smhd]$/.test(short) ? `${short} ago` : short
}

/** How long until a moment: "in 3m", or "over". */
export function timeLeft(iso: string, now: number): string {
  const left = (Date.parse(iso) - now) / 1000
  if (left <= 0) return 'over'
  if (left >= 30 * DAY) return new Date(iso).toLocaleDateString(undefined, { dateStyle: 'medium' })
  if (left < MINUTE) return 'in a moment'
  if (left < HOUR) return `in ${Math.round(left / MINUTE)}m`
  return left < DAY ? `in ${Math.round(left / HOUR)}h` : `in ${Math.round(left / DAY)}d`
}

export function fullTime(iso: string): string {
  const time = new Date(iso)
  if (Number.isNaN(time.getTime())) return iso
  return time.toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'medium' })
}

/** A moment within the next days: "Fri, Nov 28, 22:00". */
export function soon(iso: string): string {
  return new Date(iso).toLocaleString(undefined, {
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  })
}

/** Whole per cent, rounded down, so that 100 means all. */
export function percent(done: number, total: number): number {
  if (total <= 0) return 0
  return Math.max(0, Math.min(100, Math.floor((100 * done) / total)))
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`
}

/** With a full stop, unless it ends as a sentence does. */
export function sentence(text: string): string {
  return /[.!?…]$/.test(text) ? text : `${text}.`
}

/** Names up to three things, and counts the rest. */
export function nameList(names: readonly string[]): string {
  if (names.length <= 3) return names.join(', ')
  return `${names.slice(0, 2).join(', ')} and ${names.length - 2} more`
}

/** The memory of a machine in MiB, as people say it: "62 GiB". */
export function memorySize(mib: number): string {
  return mib >= 1024 ? `${Math.round(mib / 1024)} GiB` : `${Math.round(mib)} MiB`
}

/** Bytes as people say them. */
export function megabytes(bytes: number): string {
  const mib = bytes / (1024 * 1024)
  return mib >= 1024 ? `${(mib / 1024).toFixed(1)} GiB` : `${Math.round(mib)} MiB`
}
