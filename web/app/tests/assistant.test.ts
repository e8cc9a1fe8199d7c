import { beforeEach, describe, expect, it, vi } from 'vitest'
import { ref } from 'vue'

import { ApiError } from '../src/api/client'
import type { BlenderPathCheckResult, ManagerConfiguration } from '../src/api/types'
import { createAssistant, type Assistant } from '../src/setup/assistant'
import { settle } from './fakes'

const FIRST_RUN: ManagerConfiguration = { storageLocation: '', shamanEnabled: false, isFirstRun: true }
const SET_UP: ManagerConfiguration = { storageLocation: '/farm', shamanEnabled: true, isFirstRun: false }

function blender(fields: Partial<BlenderPathCheckResult> = {}): BlenderPathCheckResult {
  return { input: 'b', path: '/b', source: 'input_path', is_usable: true, cause: '', ...fields }
}

describe('the setup assistant', () => {
  const configuration = ref<ManagerConfiguration | null>(FIRST_RUN)
  const refresh = vi.fn(async () => undefined)
  const api = {
    checkSharedStoragePath: vi.fn(async (path: string) => ({ path, is_usable: true, cause: '' })),
    findBlenderExePath: vi.fn(async () => [] as BlenderPathCheckResult[]),
    checkBlenderExePath: vi.fn(async () => blender()),
    saveSetupAssistantConfig: vi.fn(async () => undefined),
  }
  let assistant: Assistant

  beforeEach(async () => {
    vi.clearAllMocks()
    configuration.value = FIRST_RUN
    assistant = createAssistant({ api, configuration: () => configuration.value, refresh })
    await settle()
  })

  async function goToReview(): Promise<void> {
    await assistant.next()
    assistant.answers.storage = '/farm'
    await assistant.next()
    await assistant.next()
    expect(assistant.state.step).toBe('review')
  }

  it('says what is wrong with a folder, and goes on with a better one', async () => {
    await assistant.next()
    assistant.answers.storage = '/nowhere'
    const cause = 'There is no such folder.'
    api.checkSharedStoragePath.mockResolvedValueOnce({ path: '', is_usable: false, cause })
    await assistant.next()
    expect(assistant.state).toMatchObject({ step: 'storage', error: cause, busy: false })
    assistant.answers.storage = '"F:\\farm"'
    expect(assistant.state.error).toBe('')
    await assistant.next()
    expect(api.checkSharedStoragePath).toHaveBeenLastCalledWith('F:\\farm')
    expect(assistant.state.step).toBe('blender')
  })

  it('has a Blender of one’s own checked, and no other', async () => {
    await goToReview()
    expect(api.checkBlenderExePath).not.toHaveBeenCalled()
    assistant.go('blender')
    assistant.answers.chosen = 'own'
    api.checkBlenderExePath.mockResolvedValueOnce(blender({ is_usable: false, cause: 'No.' }))
    await assistant.next()
    expect(assistant.state).toMatchObject({ step: 'blender', error: 'No.' })
    assistant.answers.blender = 'b'
    await assistant.next()
    expect(assistant.state.step).toBe('review')
  })

  it('goes on without a Blender where none could be looked for', async () => {
    api.findBlenderExePath.mockRejectedValueOnce(new ApiError(0, 'The Manager cannot be reached.'))
    await assistant.find()
    expect(assistant.state.findError).toBe('The Manager cannot be reached.')
    await goToReview()
  })

  it('does not go on while a Blender is looked for, unless one is chosen', async () => {
    api.findBlenderExePath.mockReturnValueOnce(new Promise(() => undefined))
    void assistant.find()
    await assistant.next()
    assistant.answers.storage = '/farm'
    await assistant.next()
    await assistant.next()
    expect(assistant.state.step).toBe('blender')
    assistant.answers.chosen = 'skip'
    await assistant.next()
    expect(assistant.state.step).toBe('review')
  })

  it('is done when the Manager runs with the answers, not when it has taken them', async () => {
    await goToReview()
    await assistant.next()
    expect(api.saveSetupAssistantConfig).toHaveBeenCalledWith({
      storageLocation: '/farm',
      blenderExecutable: expect.objectContaining({ source: 'default', is_usable: true }),
    })
    expect(assistant.state.saved).toBe(true)
    configuration.value = { ...SET_UP, restart_needed_for: ['shared_storage_path'] }
    expect(assistant.done.value).toBe(false)
    configuration.value = SET_UP
    expect(assistant.done.value).toBe(true)
    expect(assistant.overtaken.value).toBe(false)
  })

  it('keeps the answers when they can’t be saved', async () => {
    await goToReview()
    api.saveSetupAssistantConfig.mockRejectedValueOnce(new ApiError(503, 'The disk is full.'))
    await assistant.next()
    expect(assistant.state).toMatchObject({ step: 'review', saved: false, error: 'The disk is full.' })
    await assistant.next()
    expect(assistant.state.saved).toBe(true)
  })

  it('goes back to the folder that can’t be used any more', async () => {
    await goToReview()
    api.checkSharedStoragePath.mockRejectedValueOnce(new Error('There is no such folder.'))
    await assistant.next()
    expect(assistant.state).toMatchObject({ step: 'storage', error: 'There is no such folder.' })
    expect(api.saveSetupAssistantConfig).not.toHaveBeenCalled()
  })

  it('can be tried again when the Manager comes back without having been set up', async () => {
    await goToReview()
    await assistant.next()
    configuration.value = { ...FIRST_RUN }
    expect(assistant.state.saved).toBe(false)
    expect(assistant.state.error).toContain('still waits to be set up')
    expect(assistant.answers.storage).toBe('/farm')
  })

  it('learns that somebody else was faster, and overwrites nothing', async () => {
    await goToReview()
    refresh.mockImplementationOnce(async () => void (configuration.value = SET_UP))
    await assistant.next()
    expect(api.saveSetupAssistantConfig).not.toHaveBeenCalled()
    expect(assistant.overtaken.value).toBe(true)
  })
})
