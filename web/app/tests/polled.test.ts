import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { effectScope, nextTick, ref, type EffectScope, type Ref } from 'vue'

import { settle } from './fakes'

const { held } = vi.hoisted(() => ({ held: {} as { visibility: unknown } }))
vi.mock('@vueuse/core', async (original) => {
  const { ref: made } = await import('vue')
  held.visibility = made('visible')
  return { ...(await original<object>()), useDocumentVisibility: () => held.visibility }
})

const { polled } = await import('../src/live/polled')
const visibility = held.visibility as Ref<'visible' | 'hidden'>

/** Answers when the test says so. */
class Asked {
  readonly calls: { key: string; answer: (text: string) => void; fail: (error: Error) => void }[] = []

  load = (key: string): Promise<string> =>
    new Promise((answer, fail) => void this.calls.push({ key, answer, fail }))

  async answer(call: number, text: string): Promise<void> {
    this.calls[call]?.answer(text)
    await settle()
  }
}

describe('what is asked for every so often', () => {
  let scope: EffectScope
  beforeEach(() => {
    scope = effectScope()
    visibility.value = 'visible'
  })
  afterEach(() => scope.stop())

  function watched() {
    const asked = new Asked()
    const key = ref<string | null>('a')
    const changes = ref(0)
    const state = scope.run(() => polled(() => key.value, asked.load, 60_000, () => changes.value))!
    const change = async () => {
      changes.value += 1
      await nextTick()
    }
    return { asked, key, state, change }
  }

  it('shows an answer though it changes all the time, and asks once after it', async () => {
    const { asked, state, change } = watched()
    await change()
    await change()
    expect(asked.calls).toHaveLength(1)
    await asked.answer(0, 'first')
    expect(state.answer).toBe('first')
    expect(asked.calls).toHaveLength(2)
    await asked.answer(1, 'second')
    expect(state.answer).toBe('second')
    expect(asked.calls).toHaveLength(2)
  })

  it('asks at once about another subject, and shows nothing of the one before', async () => {
    const { asked, key, state } = watched()
    await asked.answer(0, 'about a')
    key.value = 'b'
    await nextTick()
    expect(state.answer).toBeNull()
    expect(asked.calls.map((each) => each.key)).toEqual(['a', 'b'])
    asked.calls[1]?.fail(new Error('busy'))
    await vi.waitFor(() => expect(state.problem).toBe('busy'))
    expect(state.answer).toBeNull()
    key.value = 'a'
    await nextTick()
    expect(state.problem).toBe('')
  })

  it('does not take the late answer about another subject', async () => {
    const { asked, key, state } = watched()
    key.value = 'b'
    await nextTick()
    await asked.answer(1, 'about b')
    await asked.answer(0, 'about a')
    expect(state.answer).toBe('about b')
  })

  it('asks nothing while nobody looks, and once when somebody does', async () => {
    const { asked, change } = watched()
    await asked.answer(0, 'first')
    visibility.value = 'hidden'
    await change()
    await change()
    expect(asked.calls).toHaveLength(1)
    visibility.value = 'visible'
    await nextTick()
    expect(asked.calls).toHaveLength(2)
  })

  it('asks nothing without a subject', async () => {
    const { asked, key, state, change } = watched()
    await asked.answer(0, 'first')
    key.value = null
    await nextTick()
    await change()
    expect(asked.calls).toHaveLength(1)
    expect(state.answer).toBeNull()
  })

  it('asks nothing more once it is gone', async () => {
    const { asked, change } = watched()
    await change()
    scope.stop()
    await asked.answer(0, 'late')
    expect(asked.calls).toHaveLength(1)
  })
})
