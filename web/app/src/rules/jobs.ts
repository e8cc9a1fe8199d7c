/** Rules about one job as the page shows it. */

import type {
  AvailableJobType,
  Job,
  JobLastRenderedImageInfo,
  JobStatus,
  TaskStatus,
} from '../api/types'

export interface ShownSetting {
  key: string
  label: string
  value: string
}

/**
 * The settings to show: those that the job type declares visible or for the web (reference
 * web-ui.md §3). When the Manager does not know the job's type any more, or its script is broken,
 * all of them.
 */
export function shownSettings(job: Job, jobType: AvailableJobType | undefined): ShownSetting[] {
  const { settings } = job
  if (jobType === undefined || jobType.error) {
    return Object.entries(settings).map(([key, value]) => shown(key, key, value))
  }
  return jobType.settings
    .filter((setting) => ['visible', 'web'].includes(setting.visible ?? 'visible'))
    .filter((setting) => setting.key in settings)
    .map((setting) => {
      const label = typeof setting.label === 'string' ? setting.label : setting.key
      return shown(setting.key, label, settings[setting.key] ?? null)
    })
}

function shown(key: string, label: string, value: unknown): ShownSetting {
  return { key, label: sentence(label), value: valueText(value) }
}

/** What a setting is called where the job was submitted. */
export function settingLabel(key: string, jobType: AvailableJobType | undefined): string {
  const label = jobType?.settings?.find((setting) => setting.key === key)?.label
  return sentence(typeof label === 'string' ? label : key)
}

export function sentence(key: string): string {
  const words = key.replaceAll('_', ' ')
  return words.charAt(0).toUpperCase() + words.slice(1)
}

function valueText(value: unknown): string {
  if (value === true) return 'yes'
  if (value === false) return 'no'
  if (value === null) return ''
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

/** Whether it is of interest why a job does not go on: nothing of it runs. */
export function mayWait(job: JobStatus, tasks: Partial<Record<TaskStatus, number>>): boolean {
  return (job === 'queued' || job === 'active') && !tasks.active
}

/** The address of an image in a smaller size, or the smallest: the Manager names the largest first. */
export function thumbnail({ base, suffixes }: JobLastRenderedImageInfo, large = false): string {
  const name = large ? suffixes.find((each) => each.includes('-small')) : undefined
  return `${base}/${name ?? suffixes.at(-1) ?? ''}`
}
