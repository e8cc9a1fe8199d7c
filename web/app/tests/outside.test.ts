import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import type { Told } from '../src/rules/farm-notices'

const DONE: Told = { id: 'a', at: '2026-11-30T10:00:00Z', kind: 'job-done', text: 'Walk is done' }

describe('notifications outside of the page', () => {
  beforeEach(() => vi.resetModules())
  afterEach(() => vi.unstubAllGlobals())

  async function inBrowser(notification: unknown, isSecureContext = true) {
    vi.stubGlobal('window', { isSecureContext, focus: vi.fn(), ...(notification ? { Notification: notification } : {}) })
    vi.stubGlobal('Notification', notification)
    const found = await import('../src/dom/outside')
    found.outside.wanted.value = true
    return found
  }

  it('are shown, and lead to what they are about', async () => {
    const shown: { onclick?: () => void }[] = []
    class Shows {
      static permission = 'granted'
      onclick?: () => void
      constructor(readonly title: string, readonly options: unknown) {
        shown.push(this)
      }
    }
    const open = vi.fn()
    const { showOutside } = await inBrowser(Shows)
    showOutside(DONE, open)
    expect(shown).toMatchObject([{ title: 'Flamenco', options: { body: 'Walk is done', tag: 'a' } }])
    shown[0]?.onclick?.()
    expect(open).toHaveBeenCalledOnce()
  })

  it('are not supported where the browser refuses to make one though it is allowed to', async () => {
    class Refuses {
      static permission = 'granted'
      constructor() {
        throw new TypeError('Illegal constructor')
      }
    }
    const { outside, showOutside } = await inBrowser(Refuses)
    expect(outside.permission.value).toBe('granted')
    showOutside(DONE, vi.fn())
    expect(outside.permission.value).toBe('unsupported')
  })

  it.each([[true, 'unsupported'], [false, 'insecure']])('need a browser that has them: HTTPS %s, %s', async (secure, why) => {
    expect((await inBrowser(undefined, secure)).outside.permission.value).toBe(why)
  })
})
