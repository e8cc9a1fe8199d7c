/** The setup assistant: its steps, what counts as an answer, and what the Workers make of it. */

import type {
  BlenderPathCheckResult,
  ManagerConfiguration,
  SetupAssistantConfig,
} from '../api/types'

export const STEPS = [
  { key: 'welcome', label: 'Welcome' },
  { key: 'storage', label: 'Shared storage' },
  { key: 'blender', label: 'Blender' },
  { key: 'review', label: 'Review' },
] as const

export type Step = (typeof STEPS)[number]['key']

/** One of the Blenders that the Manager found, one that is typed in, or none for now. */
export type BlenderKey = 'file_association' | 'path_envvar' | 'system_location' | 'own' | 'skip'

export interface Answers {
  storage: string
  /** What the Manager said of a path that can be the shared storage. */
  checkedStorage: string | null
  /** The Blenders of the Manager's machine; null while they are looked for. */
  found: readonly BlenderPathCheckResult[] | null
  /** Null until somebody chooses. */
  chosen: BlenderKey | null
  blender: string
  /** What the Manager said of a usable Blender that was typed in. */
  checkedBlender: BlenderPathCheckResult | null
}

export const NO_ANSWERS: Answers = {
  storage: '',
  checkedStorage: null,
  found: null,
  chosen: null,
  blender: '',
  checkedBlender: null,
}

const SKIPPED: BlenderPathCheckResult = {
  input: '',
  path: '',
  source: 'default',
  is_usable: true,
  cause: '',
}

/** A path without what copying it brings along: blanks, and the quotes of Windows. */
export function typedPath(text: string): string {
  const path = text.trim()
  return /^"[^"]+"$/.test(path) ? path.slice(1, -1) : path
}

/** What is chosen, or stands to be chosen; null while that depends on what is found. */
export function chosenKey({ chosen, found }: Answers): BlenderKey | null {
  if (chosen !== null || found === null) return chosen
  return (found[0]?.source as BlenderKey | undefined) ?? 'skip'
}

/** The Blender that is chosen; null if it has yet to be chosen, or checked. */
export function chosenBlender(answers: Answers): BlenderPathCheckResult | null {
  const key = chosenKey(answers)
  if (key === 'skip') return SKIPPED
  if (key !== 'own') return answers.found?.find(({ source }) => source === key) ?? null
  const { checkedBlender } = answers
  return checkedBlender?.input === typedPath(answers.blender) ? checkedBlender : null
}

/** The shared storage that was checked; null if it was not, or has changed since. */
export function chosenStorage({ storage, checkedStorage }: Answers): string | null {
  return checkedStorage === typedPath(storage) ? checkedStorage : null
}

/** What the Manager is told; null as long as something is missing. */
export function setupOf(answers: Answers): SetupAssistantConfig | null {
  const storageLocation = chosenStorage(answers)
  const blenderExecutable = chosenBlender(answers)
  if (storageLocation === null || blenderExecutable === null) return null
  return { storageLocation, blenderExecutable }
}

/** What Workers run as Blender (flamenco/config/setup.py). */
export function blenderCommand({ source, input, path }: BlenderPathCheckResult): string {
  if (source === 'path_envvar') return input
  return source === 'default' || source === 'file_association' ? 'blender' : path
}

/** Whether a step was there before and can be gone to: the answers of those before it hold. */
export function mayVisit(step: Step, furthest: number, answers: Answers): boolean {
  const index = indexOf(step)
  if (index > furthest) return false
  if (index > indexOf('storage') && chosenStorage(answers) === null) return false
  return index <= indexOf('blender') || chosenBlender(answers) !== null
}

export function indexOf(step: Step): number {
  return STEPS.findIndex(({ key }) => key === step)
}

/** Whether a Manager that was set up has also started anew since. */
export function runsAsSetUp(configuration: ManagerConfiguration): boolean {
  const waiting = configuration.restart_needed_for ?? []
  return !configuration.isFirstRun && !waiting.includes('shared_storage_path')
}

/** Milliseconds after which a Manager that starts anew has probably met with something. */
const RESTART_MS = 20_000

export function takesLong(milliseconds: number): boolean {
  return milliseconds > RESTART_MS
}
