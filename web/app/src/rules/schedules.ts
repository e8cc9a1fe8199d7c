/** Sleep schedules in words and in a form (docs/rules.md, "Sleep schedules"). */

import type { WorkerSleepSchedule } from '../api/types'

export const DAYS = ['mo', 'tu', 'we', 'th', 'fr', 'sa', 'su'] as const
export type Day = (typeof DAYS)[number]
export const DAY_NAMES: Record<Day, string> = {
  mo: 'Mon',
  tu: 'Tue',
  we: 'Wed',
  th: 'Thu',
  fr: 'Fri',
  sa: 'Sat',
  su: 'Sun',
}

const TIME = /^([01]?\d|2[0-3]):[0-5]\d$/

/** What people fill in. Without days it is every day, without times from 00:00 or to 24:00. */
export interface ScheduleForm {
  days: readonly Day[]
  start: string
  end: string
  timezone: string
}

export type Problems = Partial<Record<keyof ScheduleForm, string>>

export function formOf(schedule: WorkerSleepSchedule | null): ScheduleForm {
  return {
    days: DAYS.filter((day) => schedule?.days_of_week.split(' ').includes(day)),
    start: schedule?.start_time ?? '',
    end: schedule?.end_time ?? '',
    timezone: schedule?.timezone ?? '',
  }
}

export function scheduleOf(form: ScheduleForm, is_active: boolean): WorkerSleepSchedule {
  const end = time(form.end)
  return {
    is_active,
    days_of_week: form.days.length === DAYS.length ? '' : form.days.join(' '),
    start_time: time(form.start),
    end_time: end === '24:00' ? '' : end,
    ...(form.timezone.trim() && { timezone: form.timezone.trim() }),
  }
}

function time(text: string): string {
  const trimmed = text.trim()
  return TIME.test(trimmed) ? trimmed.padStart(5, '0') : trimmed
}

export function problemsOf(form: ScheduleForm): Problems {
  const problems: Problems = {}
  const { start_time, end_time } = scheduleOf(form, true)
  if (start_time && !TIME.test(start_time)) problems.start = 'expected a time such as 22:30'
  if (end_time && !TIME.test(end_time)) problems.end = 'expected a time such as 06:00'
  return problems
}

/** The field that a refusal of the Manager begins with, as in "timezone: expected …". */
export function problemOf(message: string): Problems {
  const [, name = '', text = ''] = /^(\w+): (.*)$/s.exec(message) ?? []
  const fields: Record<string, keyof ScheduleForm> = {
    days_of_week: 'days',
    start_time: 'start',
    end_time: 'end',
    timezone: 'timezone',
  }
  const field = fields[name]
  return field === undefined ? {} : { [field]: text }
}

/** "Mon–Fri, 22:00 to 06:00 of the next day, Europe/Berlin" */
export function describeSchedule(schedule: WorkerSleepSchedule): string {
  const zone = schedule.timezone ? [schedule.timezone] : []
  return [daysText(formOf(schedule).days), spanText(schedule), ...zone].join(', ')
}

function spanText({ start_time, end_time }: WorkerSleepSchedule): string {
  if (!start_time && !end_time) return 'all day'
  const start = start_time || '00:00'
  if (!end_time) return start === '00:00' ? 'all day' : `${start} to 24:00`
  return `${start} to ${end_time}${start < end_time ? '' : ' of the next day'}`
}

/** Runs of three days or more are told by their ends. */
function daysText(days: readonly Day[]): string {
  if (days.length === 0 || days.length === DAYS.length) return 'every day'
  const runs: Day[][] = []
  for (const day of days) {
    const run = runs.at(-1)
    if (run && DAYS.indexOf(run.at(-1)!) + 1 === DAYS.indexOf(day)) run.push(day)
    else runs.push([day])
  }
  return runs
    .flatMap((run) => (run.length > 2 ? [`${name(run[0])}–${name(run.at(-1))}`] : run.map(name)))
    .join(', ')
}

function name(day: Day | undefined): string {
  return day ? DAY_NAMES[day] : ''
}
