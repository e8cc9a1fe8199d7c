/** Rules about who hears of notices elsewhere: what is filled in, and how it is told. */

import type {
  Channel,
  Jobs,
  NoticeKind,
  ShownDelivery,
  ShownSubscription,
  ShownWishes,
  SubscriptionWanted,
} from '../api/types'
import type { Tone } from './status'

export const KINDS: Record<NoticeKind, string> = {
  'job-done': 'Job is done',
  'job-failed': 'Job failed',
  'job-canceled': 'Job was canceled',
  'job-waits-for-approval': 'Job waits for a yes or no',
  'job-stuck': 'Job is stuck',
  'worker-lost': 'Worker is lost',
  'worker-back': 'Worker is back',
  'worker-waits-for-approval': 'Worker waits to be let in',
  'worker-twice': 'Worker’s credentials are used twice',
  'worker-withheld': 'Worker takes no more tasks of a type',
  'disk-nearly-full': 'Disk is nearly full',
  'part-parked': 'Part of the Manager keeps crashing',
}

export const CHANNELS: Record<Channel, { label: string; example: string; help: string }> = {
  apprise: {
    label: 'People, by mail or chat',
    example: 'mailto://farm:PASSWORD@example.com?to=anna@example.com',
    help: 'As Apprise writes it: mailto://, rocket://, matrix://, slack://, discord://, tgram://, ntfy:// and many more.',
  },
  webhook: {
    label: 'A program, by a webhook',
    example: 'https://studio.example/farm',
    help: 'Gets a signed request for each notice, as the specification Standard Webhooks has them.',
  },
  push: { label: 'A browser', example: '', help: '' },
}

/** Channels whose address is filled in; a browser tells its own. */
export const ASKED: readonly Channel[] = ['apprise', 'webhook']

export const JOBS: Record<Jobs, string> = {
  all: 'All jobs',
  mine: 'My jobs',
  tag: 'Jobs with a tag',
}

/** What is filled in. */
export interface Draft {
  name: string
  channel: Channel
  /** Empty in a change: as it was. */
  address: string
  forFarm: boolean
  kinds: NoticeKind[]
  jobs: Jobs
  tag: string
  minutes: number
  quietFrom: string
  quietUntil: string
  template: string
  picture: boolean
}

export function newDraft(forFarm: boolean): Draft {
  return {
    name: '',
    channel: 'apprise',
    address: '',
    forFarm,
    kinds: ['job-failed', 'job-waits-for-approval'],
    jobs: forFarm ? 'all' : 'mine',
    tag: '',
    minutes: 1,
    quietFrom: '',
    quietUntil: '',
    template: '$text',
    picture: false,
  }
}

export function draftOf({ name, channel, for_farm, wishes }: ShownSubscription): Draft {
  return {
    name,
    channel,
    address: '',
    forFarm: for_farm,
    kinds: [...wishes.kinds],
    jobs: wishes.jobs,
    tag: wishes.tag ?? '',
    minutes: wishes.gather / 60,
    quietFrom: wishes.quiet?.start ?? '',
    quietUntil: wishes.quiet?.end ?? '',
    template: wishes.template,
    picture: wishes.picture,
  }
}

export function wishesOf(draft: Draft, before?: ShownWishes): ShownWishes {
  const { quietFrom: start, quietUntil: end } = draft
  return {
    kinds: draft.kinds,
    jobs: draft.jobs,
    ...(draft.jobs === 'tag' && { tag: draft.tag }),
    gather: Math.round(draft.minutes * 60),
    ...((start || end) && { quiet: { days: '', timezone: '', ...before?.quiet, start, end } }),
    template: draft.template,
    picture: draft.picture,
  }
}

export function wantedOf(draft: Draft): SubscriptionWanted {
  const { name, channel, address, forFarm } = draft
  return { name: name.trim(), channel, address: address.trim(), for_farm: forFarm, wishes: wishesOf(draft) }
}

/** `found` is what the browser tells of itself. */
export function pushWanted(found: PushSubscriptionJSON, name: string, forFarm: boolean): SubscriptionWanted {
  const { p256dh = '', auth = '' } = found.keys ?? {}
  const draft: Draft = { ...newDraft(forFarm), name, channel: 'push', address: found.endpoint ?? '' }
  return { ...wantedOf(draft), keys: { p256dh, auth } }
}

const BROWSERS: readonly [RegExp, string][] = [
  [/Firefox\//, 'Firefox'],
  [/Edg\//, 'Edge'],
  [/Chrome\//, 'Chrome'],
  [/Safari\//, 'Safari'],
]
const SYSTEMS: readonly [RegExp, string][] = [
  [/Android/, 'Android'],
  [/iPhone|iPad/, 'iOS'],
  [/Mac OS X/, 'macOS'],
  [/Windows/, 'Windows'],
  [/Linux/, 'Linux'],
]

/** What a browser calls itself, for people: each names its forerunners, too. */
export function browserName(userAgent: string): string {
  const found = (names: readonly [RegExp, string][]) => names.find(([sign]) => sign.test(userAgent))?.[1]
  const system = found(SYSTEMS)
  return (found(BROWSERS) ?? 'Browser') + (system ? ` on ${system}` : '')
}

export function isComplete(draft: Draft, isNew: boolean): boolean {
  return (
    draft.name.trim() !== '' &&
    (draft.address.trim() !== '' || !isNew) &&
    (draft.jobs !== 'tag' || draft.tag !== '') &&
    draft.minutes >= 0 &&
    draft.minutes <= 1440 &&
    draft.template !== ''
  )
}

/** What is heard, in a few words. */
export function wishText({ kinds, jobs, quiet }: ShownWishes): string {
  const what = kinds.length ? kinds.map((kind) => KINDS[kind]).join(', ') : 'All notices'
  const which = jobs !== 'all' ? ` · ${JOBS[jobs]}` : ''
  const not = quiet ? ` · not from ${quiet.start || '0:00'} to ${quiet.end || '24:00'}` : ''
  return what + which + not
}

export function deliveryTone({ state, attempts }: ShownDelivery): Tone {
  if (state === 'sent') return 'done'
  if (state === 'given-up') return 'failed'
  return attempts ? 'warning' : 'queued'
}

export function deliveryText({ state, attempts }: ShownDelivery): string {
  if (state === 'sent') return 'Sent'
  const tries = attempts === 1 ? 'one attempt' : `${attempts} attempts`
  if (state === 'given-up') return attempts ? `Given up after ${tries}` : 'Given up'
  return attempts ? `Tried again later, after ${tries}` : 'Waits'
}
