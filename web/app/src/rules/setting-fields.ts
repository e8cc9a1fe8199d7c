/** What can be set on the page: the keys of `flamenco-manager.yaml` (docs/operator-guide.md). */

import type { IconName } from '../components/ui/icons'

export type FieldKind = 'text' | 'path' | 'secret' | 'flag' | 'duration' | 'count'

export interface SettingField {
  /** From the top of the file: `shaman.garbageCollect.period`. */
  key: string
  label: string
  help: string
  kind: FieldKind
  /** A running Manager takes it over; others are read when it starts. */
  live?: true
  /** What a duration of 0 means; without it, 0 is none. */
  zero?: string
  choices?: readonly string[]
  min?: number
  max?: number
  unit?: string
  placeholder?: string
  /** It may not be left empty. */
  required?: true
  /** What is to be known about it when nothing is in it. */
  emptied?: string
}

export interface Category {
  id: string
  title: string
  icon: IconName
  intro: string
  fields: readonly SettingField[]
}

const DAYS = ['0s', '24h', '168h', '336h', '744h', '2160h', '8760h']

export const CATEGORIES: readonly Category[] = [
  {
    id: 'core',
    title: 'Core',
    icon: 'cog',
    intro: 'How the Manager is called, where it listens, and who may join the farm.',
    fields: [
      { key: 'manager_name', label: 'Name of the farm', kind: 'text', live: true, help: 'Shown on this page and in the add-on.' },
      { key: 'listen', label: 'Address', kind: 'text', required: true, placeholder: ':8080', help: 'Where to listen, such as :8080 or 127.0.0.1:8080. Without a host, on every network of the machine.' },
      { key: 'autodiscoverable', label: 'Found by Workers', kind: 'flag', help: 'Workers that were not told an address find this Manager in the network.' },
      { key: 'registration_secret', label: 'Registration secret', kind: 'secret', placeholder: 'None: everybody may join', help: 'Only Workers that know it can register. Those that are registered already stay.' },
      { key: 'database', label: 'Database', kind: 'path', required: true, help: 'The file that jobs, tasks and Workers are kept in.' },
      { key: 'database_check_period', label: 'Database check', kind: 'duration', zero: 'Only at the start', choices: ['0s', '10m', '1h', '6h', '24h'], help: 'So often the whole database is checked for damage, beside all work.' },
    ],
  },
  {
    id: 'storage',
    title: 'Storage',
    icon: 'folder',
    intro: 'Folders as the Manager’s machine sees them. Relative ones count from its storage, or from the folder of the configuration file.',
    fields: [
      { key: 'shared_storage_path', label: 'Shared storage', kind: 'path', placeholder: 'Not set', help: 'Where job files go. Workers and artists must see it too, under the same path or through a two-way variable.', emptied: 'Without a shared storage the Manager waits to be set up, unless its command line names one with --storage.' },
      { key: 'local_manager_storage_path', label: 'Logs and previews', kind: 'path', required: true, help: 'Task logs and last-rendered images; only the Manager needs to see this folder.' },
      { key: 'shaman.enabled', label: 'Shaman', kind: 'flag', help: 'Takes the files of jobs over HTTP, each once, and keeps them in the shared storage. Job files then lie in jobs below it.' },
      { key: 'shaman.garbageCollect.period', label: 'Shaman clean-up', kind: 'duration', zero: 'Never', choices: ['0s', '1h', '6h', '24h', '168h'], help: 'So often Shaman deletes files that nobody needs.' },
      { key: 'shaman.garbageCollect.maxAge', label: 'Age of unneeded files', kind: 'duration', zero: 'At once', choices: ['24h', '168h', '336h', '744h', '2160h'], help: 'Files that were not asked for since, and that no job has, are deleted.' },
    ],
  },
  {
    id: 'timeouts',
    title: 'Timeouts & failures',
    icon: 'clock',
    intro: 'When the Manager gives up on a Worker, a task, a job, or the script of a job type.',
    fields: [
      { key: 'task_timeout', label: 'Task timeout', kind: 'duration', live: true, zero: 'Off', choices: ['0s', '5m', '10m', '30m', '1h', '6h'], help: 'A task without a sign of life for so long, or whose program neither prints nor computes, goes to another Worker. Holds for tasks that start afterwards.' },
      { key: 'worker_timeout', label: 'Worker timeout', kind: 'duration', live: true, zero: 'Off', choices: ['0s', '30s', '1m', '5m', '10m'], help: 'A Worker that is silent for so long is in status error, and its tasks are queued again.' },
      { key: 'blocklist_threshold', label: 'Failures until a Worker is blocked', kind: 'count', live: true, min: 0, unit: 'tasks', help: 'A Worker that failed so many tasks of a type in a job gets no more of them there; 0 turns this off.' },
      { key: 'task_fail_after_softfail_count', label: 'Failures until a task fails', kind: 'count', live: true, min: 0, unit: 'Workers', help: 'So many different Workers must fail a task before it fails for good.' },
      { key: 'job_fail_percentage', label: 'Failures until a job fails', kind: 'count', min: 1, max: 100, unit: '% of its tasks', help: 'A job fails when so many of its tasks have.' },
      { key: 'job_type_timeout', label: 'Job type timeout', kind: 'duration', choices: ['10s', '20s', '1m', '5m'], help: 'The script of a job type that takes longer is stopped, and its job refused.' },
      { key: 'job_type_memory', label: 'Job type memory', kind: 'count', min: 256, unit: 'MiB', help: 'What the script of a job type may use, on Linux.' },
    ],
  },
  {
    id: 'clean-up',
    title: 'Clean-up',
    icon: 'archive',
    intro: 'What goes by itself when nothing happened to it for so long. Jobs marked keep are spared, rendered frames are never touched.',
    fields: [
      { key: 'archive_jobs_after', label: 'Archive jobs after', kind: 'duration', live: true, zero: 'Never', choices: DAYS, help: 'Finished jobs leave the lists, and can be brought back.' },
      { key: 'delete_jobs_after', label: 'Delete jobs after', kind: 'duration', live: true, zero: 'Never', choices: DAYS, help: 'Finished jobs are deleted, with their logs, pictures and checkouts.' },
      { key: 'worker_gone_after', label: 'Wait for Workers', kind: 'duration', live: true, zero: 'For ever', choices: ['0s', '1h', '12h', '24h', '168h'], help: 'A Worker that left or was lost so long ago is still listed, but no task that failed waits for it.' },
      { key: 'delete_workers_after', label: 'Delete Workers after', kind: 'duration', live: true, zero: 'Never', choices: DAYS, help: 'Workers that were gone for so long are deleted. One that comes back registers anew.' },
    ],
  },
]

export const VARIABLES_ID = 'variables'
export const FIELDS: readonly SettingField[] = CATEGORIES.flatMap(({ fields }) => fields)

const BY_KEY = new Map(FIELDS.map((field) => [field.key, field]))

export function fieldOf(key: string): SettingField | undefined {
  return BY_KEY.get(key)
}
