import { beforeEach, describe, expect, it, vi } from 'vitest'

import { ApiError } from '../src/api/client'
import type { JsonObject } from '../src/api/types'
import { createEditor, type Editor } from '../src/settings/editor'
import { settle } from './fakes'

const everywhere = (value: string) => ({ is_twoway: false, values: [{ platform: 'all', value }] })

/** The Manager's part: it merges what it is sent, and replaces variables as a whole. */
class File {
  values: JsonObject = {
    manager_name: 'Farm',
    listen: ':8080',
    database: 'f.sqlite',
    registration_secret: '********',
    autodiscoverable: true,
    shared_storage_path: '/farm',
    local_manager_storage_path: './local',
    database_check_period: '10m0s',
    task_timeout: '10m0s',
    worker_timeout: '1m0s',
    job_type_timeout: '20s',
    archive_jobs_after: '0s',
    delete_jobs_after: '0s',
    worker_gone_after: '24h0m0s',
    delete_workers_after: '0s',
    blocklist_threshold: 3,
    task_fail_after_softfail_count: 3,
    job_fail_percentage: 10,
    job_type_memory: 2048,
    shaman: { enabled: true, garbageCollect: { period: '24h0m0s', maxAge: '744h0m0s' } },
    mqtt: { client: { password: '********' } },
    variables: { blender: everywhere('blender'), my: everywhere('1') },
  }
  version = '"1"'
  readonly sent: JsonObject[] = []

  checkSharedStoragePath = vi.fn(async (path: string) => ({ path, is_usable: false, cause: 'No.' }))
  getConfigurationFile = vi.fn(async () => ({ values: structuredClone(this.values), version: this.version }))
  updateConfigurationFile = vi.fn(async (body: JsonObject, version: string | null) => {
    if (version !== this.version) throw new ApiError(412, 'changed meanwhile')
    this.sent.push(body)
    Object.assign(this.values, structuredClone(body))
    return 'listen' in body ? ['listen'] : []
  })
}

describe('the editor of the configuration', () => {
  let file: File
  let editor: Editor
  const onSaved = vi.fn(async () => undefined)

  beforeEach(async () => {
    file = new File()
    editor = createEditor({ api: file, onSaved })
    await editor.load()
  })

  const variable = (name: string) => editor.state.variables.find((each) => each.name === name)!

  it('is clean until something is another value, and again when it is taken back', () => {
    expect(editor.dirty.value).toBe(false)
    editor.edit('task_timeout', '10 min')
    expect(editor.dirty.value).toBe(false)
    editor.edit('task_timeout', '2 hours')
    editor.tidy('task_timeout')
    expect(editor.state.drafts.task_timeout).toBe('2h0m0s')
    expect(editor.dirty.value).toBe(true)
    editor.undo('task_timeout')
    expect(editor.dirty.value).toBe(false)
    editor.variables.remove(variable('my'))
    expect(editor.variables.removed.value).toEqual(['my'])
    editor.undoAll()
    expect(editor.dirty.value).toBe(false)
  })

  it('leaves values alone that only the file writes in another way', async () => {
    file.values.shared_storage_path = ' /farm '
    file.values.task_timeout = '0h10m'
    file.values.local_manager_storage_path = ''
    await editor.load()
    editor.tidy('shared_storage_path')
    editor.tidy('task_timeout')
    expect(editor.dirty.value).toBe(false)
  })

  it('sends what changed, and says what becomes of it', async () => {
    editor.edit('listen', ':9090')
    editor.edit('task_timeout', '1h')
    expect(await editor.save()).toBe(true)
    expect(file.sent).toEqual([{ listen: ':9090', task_timeout: '1h0m0s' }])
    expect(editor.state.saved).toEqual({ atOnce: ['task_timeout'], restart: ['listen'], running: [] })
    expect(onSaved).toHaveBeenCalled()
    expect(editor.dirty.value).toBe(false)
  })

  it('leaves alone what others change meanwhile', async () => {
    editor.edit('worker_timeout', '5m')
    editor.variables.change(variable('my'), { isTwoway: true })
    file.values.task_timeout = '1h0m0s'
    file.values.variables = { blender: everywhere('/opt/blender'), my: everywhere('1') }
    expect(await editor.save()).toBe(true)
    expect(file.sent).toEqual([
      {
        worker_timeout: '5m0s',
        variables: { blender: everywhere('/opt/blender'), my: { ...everywhere('1'), is_twoway: true } },
      },
    ])
    expect(editor.state.drafts.task_timeout).toBe('1h0m0s')
  })

  it('starts again if others save between its reading and its sending', async () => {
    const read = file.getConfigurationFile.getMockImplementation()!
    file.getConfigurationFile.mockImplementationOnce(async () => {
      const before = await read()
      file.version = '"2"'
      file.values.variables = { blender: everywhere('/opt/blender'), my: everywhere('1') }
      return before
    })
    editor.variables.change(variable('my'), { isTwoway: true })
    expect(await editor.save()).toBe(true)
    expect(file.sent[0]!.variables).toMatchObject({ blender: everywhere('/opt/blender') })
  })

  it('tells what others have changed too before it is overwritten', async () => {
    editor.edit('task_timeout', '1h')
    file.values.task_timeout = '5m0s'
    expect(await editor.save()).toBe(false)
    expect(editor.state.clashes).toEqual({ task_timeout: '5m0s' })
    file.values.task_timeout = '6m0s'
    expect(await editor.save()).toBe(false)
    expect(editor.state.clashes).toEqual({ task_timeout: '6m0s' })
    expect(file.sent).toEqual([])
    expect(await editor.save()).toBe(true)
    expect(file.values.task_timeout).toBe('1h0m0s')
    expect(editor.state.clashes).toEqual({})
  })

  it('takes theirs where they are better', async () => {
    editor.variables.remove(variable('my'))
    editor.edit('task_timeout', '1h')
    file.values.task_timeout = '5m0s'
    file.values.variables = { blender: everywhere('blender'), my: everywhere('2') }
    await editor.load()
    expect(Object.keys(editor.state.clashes)).toEqual(['task_timeout', 'variables.my'])
    editor.undo('task_timeout')
    editor.variables.restore('my')
    expect(editor.dirty.value).toBe(false)
    expect(variable('my').values[0]!.value).toBe('2')
    expect(editor.state.clashes).toEqual({})
  })

  it('keeps what is typed while it is saved', async () => {
    editor.edit('task_timeout', '1h')
    editor.variables.change(variable('my'), { name: 'yours' })
    file.updateConfigurationFile.mockImplementationOnce(async (body) => {
      Object.assign(file.values, body)
      editor.edit('worker_timeout', '5m')
      editor.variables.change(variable('yours'), { isTwoway: true })
      return []
    })
    expect(await editor.save()).toBe(true)
    expect([...editor.changes.value.keys()]).toEqual(['worker_timeout', 'variables.yours'])
    expect(variable('yours')).toMatchObject({ was: 'yours', isTwoway: true })
  })

  it('has a new shared storage tried, and still saves it', async () => {
    editor.edit('shared_storage_path', '"F:\\farm"')
    editor.tidy('shared_storage_path')
    await settle()
    expect(file.checkSharedStoragePath).toHaveBeenCalledWith('F:\\farm')
    expect(editor.state.storage).toMatchObject({ cause: 'No.' })
    editor.edit('shared_storage_path', 'farm')
    expect(editor.state.storage).toBeNull()
    editor.tidy('shared_storage_path')
    await settle()
    expect(file.checkSharedStoragePath).toHaveBeenCalledTimes(1)
    expect(await editor.save()).toBe(true)
    expect(file.sent).toEqual([{ shared_storage_path: 'farm' }])
  })

  it('has a refusal at its key until that is edited', async () => {
    editor.edit('listen', 'x')
    file.updateConfigurationFile.mockRejectedValueOnce(new ApiError(400, 'listen: expected an address'))
    expect(await editor.save()).toBe(false)
    expect(editor.state).toMatchObject({ refused: { listen: 'expected an address' }, trouble: '' })
    editor.edit('listen', ':9090')
    expect(editor.state.refused).toEqual({})
  })

  it('sends nothing that is wrong', async () => {
    editor.edit('task_timeout', 'soon')
    expect(await editor.save()).toBe(false)
    editor.undoAll()
    editor.variables.add()
    expect(editor.dirty.value).toBe(true)
    expect(await editor.save()).toBe(false)
    expect(file.updateConfigurationFile).not.toHaveBeenCalled()
  })

  it('shows a broken file as such, unless there are edits to keep', async () => {
    const broken = new ApiError(503, 'f.yaml, line 3, column 5: is not YAML')
    file.getConfigurationFile.mockRejectedValueOnce(broken)
    await editor.load()
    expect(editor.state).toMatchObject({ phase: 'unreadable', trouble: broken.message })
    await editor.load()
    expect(editor.state).toMatchObject({ phase: 'ready', trouble: '' })
    editor.edit('task_timeout', '1h')
    file.getConfigurationFile.mockRejectedValueOnce(broken)
    expect(await editor.save()).toBe(false)
    expect(editor.state).toMatchObject({ phase: 'ready', trouble: broken.message })
    expect(await editor.save()).toBe(true)
  })

  it('stays while the Manager cannot be reached', async () => {
    file.getConfigurationFile.mockRejectedValueOnce(new ApiError(0, 'The Manager cannot be reached.'))
    await editor.load()
    expect(editor.state.phase).toBe('ready')
  })

  it('takes a variable that is always there back to its default', async () => {
    editor.variables.change(variable('blender'), { values: [] })
    editor.variables.reset(variable('blender'))
    expect(variable('blender').values.map(({ value }) => value)).toEqual([
      'blender', 'blender.exe', 'blender',
    ])
    editor.variables.undo(variable('blender'))
    expect(editor.dirty.value).toBe(false)
  })
})
