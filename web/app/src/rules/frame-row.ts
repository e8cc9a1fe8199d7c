/** All frames of a job with their states: a few bytes each, since there may be very many. */

import type { FrameChange } from '../api/events'
import type { FrameState, FrameStates, ListedFrame } from '../api/types'

const STATES: readonly FrameState[] = ['queued', 'active', 'done', 'failed', 'canceled']
const LETTERS = 'qadfc'
const WARNED = 8 // beside the number of the state

function* numbersOf(range: string): Generator<number> {
  for (const [, first = '', last] of range.matchAll(/(-?\d+)(?:-(-?\d+))?/g)) {
    for (let frame = Number(first); frame <= Number(last ?? first); frame += 1) yield frame
  }
}

/** The frame with what is known of it until its details are there. */
function undetailed(frame: number, state: FrameState, warned: boolean): ListedFrame {
  return { frame, state, task: '', attempt: 0, pictures: [], ...(warned && { warnings: [''] }) }
}

export class FrameRow {
  /** In order. */
  readonly numbers: Int32Array
  private readonly bytes: Uint8Array
  /** The number of the chunk in which each frame is; null if each is alone. */
  private readonly chunks: Int32Array | null

  constructor({ frames, states, chunks = [] }: FrameStates = { frames: '', states: '' }) {
    this.bytes = Uint8Array.from(states, (letter) => {
      const lower = letter.toLowerCase()
      return LETTERS.indexOf(lower) | (lower === letter ? 0 : WARNED)
    })
    this.numbers = new Int32Array(this.bytes.length)
    let place = 0
    for (const number of numbersOf(frames)) this.numbers[place++] = number
    this.chunks = chunks.length > 0 ? new Int32Array(this.bytes.length) : null
    place = 0
    chunks.forEach((length, chunk) => this.chunks!.fill(chunk, place, (place += length)))
  }

  get length(): number {
    return this.bytes.length
  }

  stateAt(place: number): FrameState {
    return STATES[this.bytes[place]! & ~WARNED]!
  }

  isWarnedAt(place: number): boolean {
    return (this.bytes[place]! & WARNED) > 0
  }

  chunkAt(place: number): number {
    return this.chunks?.[place] ?? place
  }

  /** The place of a frame; -1 if the job has no such frame. */
  placeOf(frame: number): number {
    let [low, high] = [0, this.length - 1]
    while (low <= high) {
      const middle = (low + high) >> 1
      const found = this.numbers[middle]!
      if (found === frame) return middle
      if (found < frame) low = middle + 1
      else high = middle - 1
    }
    return -1
  }

  frameAt(place: number): ListedFrame {
    return undetailed(this.numbers[place]!, this.stateAt(place), this.isWarnedAt(place))
  }

  /** Number of frames that are in another state. */
  notIn(state: FrameState): number {
    const code = STATES.indexOf(state)
    return this.bytes.reduce((count, byte) => count + Number((byte & ~WARNED) !== code), 0)
  }

  change({ frame, state, warnings }: FrameChange): void {
    const place = this.placeOf(frame)
    if (place < 0) return
    const code = STATES.indexOf(state ?? this.stateAt(place))
    const warned = warnings ? warnings.length > 0 : this.isWarnedAt(place)
    this.bytes[place] = code | (warned ? WARNED : 0)
  }
}
