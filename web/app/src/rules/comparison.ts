/** What a frame can be compared with: its neighbours, other attempts at it, other outputs of it. */

import type { KeptPicture, ListedFrame } from '../api/types'
import { pictureOf } from './frames'

export interface Counterpart {
  key: string
  label: string
  picture: string
}

function ofNeighbour(frame: ListedFrame | undefined): Counterpart[] {
  const picture = frame && pictureOf(frame, 'large')
  return picture ? [{ key: `frame ${frame.frame}`, label: `Frame ${frame.frame}`, picture }] : []
}

/** `shown`: address of the picture that is looked at. The newest attempt comes first. */
export function counterparts(
  kept: readonly KeptPicture[],
  shown: string | null | undefined,
  before: ListedFrame | undefined,
  after: ListedFrame | undefined,
  time: (at: string) => string,
): Counterpart[] {
  const attempts = [...kept].reverse().flatMap(({ large, small, lease, output, made, task }) => {
    const picture = large ?? small
    if (!picture || picture === shown) return []
    const label = `Attempt ${lease}${output ? `, ${output}` : ''}, ${time(made)}`
    return [{ key: `${task} ${lease} ${output}`, label, picture }]
  })
  return [...attempts, ...ofNeighbour(before), ...ofNeighbour(after)]
}
