import { expect, test } from 'vitest'

import { actInBulk } from '../src/act'

test('more than the Manager takes at once goes in several requests, and all are counted', async () => {
  const targets = Array.from({ length: 20_001 }, (_, number) => ({ id: `${number}`, name: `Frame ${number}` }))
  const sizes: number[] = []
  const asked = new Set<string>()
  await actInBulk(targets, { done: 'Requeueing', failed: 'Could not requeue' }, async (ids) => {
    sizes.push(ids.length)
    ids.forEach((id) => asked.add(id))
    return { outcomes: [], reasons: [], done: ids.length, refused: 0 }
  })
  expect(sizes).toEqual([10_000, 10_000, 1])
  expect(asked.size).toBe(20_001)
})
