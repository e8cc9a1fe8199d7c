import { describe, expect, it, test } from 'vitest'

import type { ShownDelivery, ShownSubscription } from '../src/api/types'
import {
  browserName,
  deliveryText,
  deliveryTone,
  draftOf,
  isComplete,
  newDraft,
  pushWanted,
  wantedOf,
  wishesOf,
  wishText,
} from '../src/rules/subscriptions'

const KNOWN: ShownSubscription = {
  id: 'x',
  name: 'chat',
  channel: 'apprise',
  address: 'rocket://…',
  for_farm: true,
  created: '2026-01-01T00:00:00Z',
  wishes: {
    kinds: ['job-failed'],
    jobs: 'all',
    gather: 90,
    quiet: { start: '22:00', end: '07:00', days: 'mo', timezone: 'Europe/Berlin' },
    template: '$text',
    picture: true,
  },
}

test('what is known comes back as it was, also what the form does not ask for', () => {
  expect(wishesOf(draftOf(KNOWN), KNOWN.wishes)).toEqual(KNOWN.wishes)
})

test('without quiet hours none are sent', () => {
  expect(wishesOf({ ...draftOf(KNOWN), quietFrom: '', quietUntil: '' }, KNOWN.wishes)).not.toHaveProperty('quiet')
})

test('a new one needs a name and an address, and a tag where that decides', () => {
  const draft = { ...newDraft(true), name: ' chat ', address: ' ntfy://x ' }
  expect(isComplete(draft, true)).toBe(true)
  expect(isComplete({ ...draft, address: '' }, true)).toBe(false)
  expect(isComplete({ ...draft, address: '' }, false)).toBe(true)
  expect(isComplete({ ...draft, name: ' ' }, true)).toBe(false)
  expect(isComplete({ ...draft, jobs: 'tag' }, true)).toBe(false)
  expect(isComplete({ ...draft, jobs: 'tag', tag: 't' }, true)).toBe(true)
  expect(isComplete({ ...draft, minutes: Number.NaN }, true)).toBe(false)
  expect(wantedOf(draft)).toMatchObject({ name: 'chat', address: 'ntfy://x', for_farm: true })
})

test('what is heard is told in a few words', () => {
  expect(wishText(KNOWN.wishes)).toBe('Job failed · not from 22:00 to 07:00')
  const all = wishesOf({ ...newDraft(false), kinds: [] })
  expect(wishText(all)).toBe('All notices · My jobs')
})

test('a delivery says how far it is', () => {
  const delivery = { state: 'waiting', attempts: 0 } as ShownDelivery
  expect([deliveryText(delivery), deliveryTone(delivery)]).toEqual(['Waits', 'queued'])
  const failed = { ...delivery, attempts: 2 }
  expect([deliveryText(failed), deliveryTone(failed)]).toEqual(['Tried again later, after 2 attempts', 'warning'])
  const given = { ...failed, state: 'given-up' as const, attempts: 1 }
  expect([deliveryText(given), deliveryTone(given)]).toEqual(['Given up after one attempt', 'failed'])
  expect(deliveryTone({ ...failed, state: 'sent' })).toBe('done')
})

describe('a browser', () => {
  it('is known by its name and system, not by those that it also claims to be', () => {
    const chrome = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36'
    expect(browserName(chrome)).toBe('Chrome on Linux')
    expect(browserName(`${chrome} Edg/140.0`)).toBe('Edge on Linux')
    expect(browserName('Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0')).toBe('Firefox on Windows')
    expect(browserName('?')).toBe('Browser')
  })

  it('subscribes with the keys that it told', () => {
    const found = { endpoint: 'https://push.example/x', keys: { p256dh: 'p', auth: 'a' } }
    const wanted = pushWanted(found, 'Firefox', false)
    expect(wanted).toMatchObject({ channel: 'push', address: found.endpoint, keys: found.keys, for_farm: false })
    expect(wanted.wishes?.jobs).toBe('mine')
  })
})
