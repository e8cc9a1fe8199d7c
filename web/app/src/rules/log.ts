/** The lines of a task's log: what they are about, and the colours that programs give them. */

export type Level = 'plain' | 'warning' | 'error'

const ERROR = /\b(error|errors|fatal|critical|exception|traceback|segmentation fault|to failed)\b/i
const WARNING = /\b(warn|warning|warnings|soft-failed)\b/i
const NOT_MEANT = /\b(no|0) (errors?|warnings?)\b/i

/** As the words in the line say. */
export function levelOf(raw: string): Level {
  const line = plainText(raw)
  if (NOT_MEANT.test(line)) return 'plain'
  if (ERROR.test(line)) return 'error'
  return WARNING.test(line) ? 'warning' : 'plain'
}

export interface LogAttempt {
  /** "1: anna" */
  name: string
  /** Places of its first line, and of the one after its last. */
  from: number
  to: number
}

const ASSIGNED = /^\S+ Task assigned to worker (.*?) \([0-9a-f-]+\)(?:: .*)?$/

/** Where each attempt begins, as the Manager wrote it into the log. */
export function attemptStart(line: string): string | null {
  return ASSIGNED.exec(line)?.[1] ?? null
}

/** `starts`: the place of the first line of each, and the worker. */
export function attemptsOf(
  starts: readonly { at: number; worker: string }[],
  lines: number,
): LogAttempt[] {
  return starts.map(({ at, worker }, index) => ({
    name: `${index + 1}: ${worker}`,
    from: index === 0 ? 0 : at,
    to: starts[index + 1]?.at ?? lines,
  }))
}

const TIME = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)) /

/** A line's time stamp, if it begins with one, and what follows it. */
export function splitTime(line: string): { time: Date | null; rest: string } {
  const found = TIME.exec(line)
  const time = found ? new Date(found[1]!) : null
  if (!found || !time || Number.isNaN(time.getTime())) return { time: null, rest: line }
  return { time, rest: line.slice(found[0].length) }
}

export interface Span {
  text: string
  /** Name of its colour; empty: the usual one. */
  colour: string
  bold: boolean
}

const COLOURS = ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white']
// Every escape sequence of a terminal; those that choose a colour are kept in the first group.
// eslint-disable-next-line no-control-regex
const ESCAPE = /\x1b(?:\[([\d;]*)m|\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])/g

/** A line without its escape sequences. */
export function plainText(line: string): string {
  return line.includes('\x1b') ? line.replace(ESCAPE, '') : line
}

/** A line in the colours of its escape sequences; all others are left out. */
export function spansOf(line: string): Span[] {
  if (!line.includes('\x1b')) return [{ text: line, colour: '', bold: false }]
  const spans: Span[] = []
  let [colour, bold, from] = ['', false, 0]
  const add = (to: number) => {
    if (to > from) spans.push({ text: line.slice(from, to), colour, bold })
  }
  for (const found of line.matchAll(ESCAPE)) {
    add(found.index)
    from = found.index + found[0].length
    if (found[1] === undefined) continue
    for (const code of found[1].split(';').map(Number)) {
      if (code === 0) [colour, bold] = ['', false]
      else if (code === 1) bold = true
      else if (code === 22) bold = false
      else if (code === 39) colour = ''
      else if (code >= 30 && code <= 37) colour = COLOURS[code - 30]!
      else if (code >= 90 && code <= 97) colour = COLOURS[code - 90]!
    }
  }
  add(line.length)
  return spans
}

/** Whether a line has this text, whatever its case. */
export function withText(text: string): (line: string) => boolean {
  const wanted = text.toLowerCase()
  return (line) => wanted !== '' && plainText(line).toLowerCase().includes(wanted)
}

/** Places of the lines that fit, each looked at once as the log grows. */
export class FittingLines {
  readonly places = new Set<number>()
  private listed: readonly number[] = []

  constructor(
    private next: number,
    private readonly fits: (place: number) => boolean,
  ) {}

  /** The same list as before if none came. */
  before(end: number): readonly number[] {
    for (; this.next < end; this.next += 1) if (this.fits(this.next)) this.places.add(this.next)
    if (this.places.size > this.listed.length) this.listed = [...this.places]
    return this.listed
  }
}

const LOST = /^(\[\d+ bytes of this log are lost, from byte \d+ on\])\.*$/

/** The sentence about bytes that a log has lost, with which the Manager fills their place; else null. */
export const lostIn = (line: string): string | null => LOST.exec(line)?.[1] ?? null
