/** The files of a job, as far as the page knows of them. */

import type { Job, ListedFrame } from '../api/types'

const PATH = /^(\/|\\\\|[a-z]:[\\/]|\{[\w-]+\}[\\/])/i

/** Settings that name a path: where the job reads and writes, by the names of its settings. */
export function pathsOf({ settings, storage }: Pick<Job, 'settings' | 'storage'>): { key: string; path: string }[] {
  const paths = Object.entries(settings ?? {}).flatMap(([key, value]) =>
    typeof value === 'string' && PATH.test(value) ? [{ key, path: value }] : [],
  )
  const checkout = storage?.shaman_checkout_id
  return checkout ? [...paths, { key: 'checkout', path: checkout }] : paths
}

export interface WrittenFile {
  id: string
  name: string
  frame: number
}

/** What the frames' attempts said that they wrote. */
export function writtenFiles(frames: readonly ListedFrame[]): WrittenFile[] {
  return frames.flatMap(({ frame, files = [] }) =>
    files.map((name) => ({ id: `${frame} ${name}`, name, frame })),
  )
}
