/** What a form sends: whether that is under way, and why it failed the last time. */

import { ref, type Ref } from 'vue'

import { reasonOf } from './act'

export interface Sending {
  sending: Ref<boolean>
  /** Empty: it did not fail. */
  problem: Ref<string>
  send: (request: () => Promise<void>) => Promise<void>
}

/** `failed` begins the problem: "Not saved: ". */
export function useSending(failed = ''): Sending {
  const sending = ref(false)
  const problem = ref('')

  async function send(request: () => Promise<void>): Promise<void> {
    sending.value = true
    problem.value = ''
    try {
      await request()
    } catch (error) {
      problem.value = failed + reasonOf(error)
    }
    sending.value = false
  }

  return { sending, problem, send }
}
