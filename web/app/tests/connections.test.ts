import { describe, expect, it } from 'vitest'

import type { ShownConnection } from '../src/api/types'
import { connectionText } from '../src/rules/connections'

const CONNECTED: ShownConnection = { state: 'connected', to: 'broker:1883', since: '2026-01-01T00:00:00Z', sent: 0, lost: 0 }

describe('a connection', () => {
  it('is told in words that leave out what is not', () => {
    expect(connectionText(CONNECTED)).toBe('broker:1883')
    expect(connectionText({ ...CONNECTED, sent: 1 })).toBe('broker:1883, 1 message has arrived')
    expect(connectionText({ ...CONNECTED, state: 'broken', reason: 'no answer', sent: 2, lost: 3 })).toBe(
      'broker:1883, no answer, 2 messages have arrived, 3 messages had to make room',
    )
  })
})
