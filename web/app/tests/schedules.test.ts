import { describe, expect, it } from 'vitest'

import { describeSchedule, formOf, problemOf, problemsOf, scheduleOf } from '../src/rules/schedules'

const nights = {
  is_active: true,
  days_of_week: 'mo tu we th fr',
  start_time: '22:00',
  end_time: '06:00',
  timezone: 'Europe/Berlin',
}
const always = { is_active: true, days_of_week: '', start_time: '', end_time: '' }

describe('a sleep schedule', () => {
  it.each([
    [nights, 'Mon–Fri, 22:00 to 06:00 of the next day, Europe/Berlin'],
    [always, 'every day, all day'],
    [{ ...always, days_of_week: 'sa su' }, 'Sat, Sun, all day'],
    [{ ...always, days_of_week: 'mo tu we sa' }, 'Mon–Wed, Sat, all day'],
    [{ ...always, start_time: '20:00' }, 'every day, 20:00 to 24:00'],
    [{ ...always, end_time: '08:00' }, 'every day, 00:00 to 08:00'],
    [{ ...always, start_time: '09:00', end_time: '17:30' }, 'every day, 09:00 to 17:30'],
  ])('is told in words', (schedule, words) => {
    expect(describeSchedule(schedule)).toBe(words)
  })

  it('goes into the form and back unchanged', () => {
    expect(scheduleOf(formOf(nights), true)).toEqual(nights)
    expect(scheduleOf(formOf(always), false)).toEqual({ ...always, is_active: false })
    expect(scheduleOf(formOf(null), true)).toEqual(always)
  })

  it('takes 24:00 for the end of the day, and seven days for every day', () => {
    const days = ['mo', 'tu', 'we', 'th', 'fr', 'sa', 'su'] as const
    const form = { days, start: ' 8:00 ', end: '24:00', timezone: ' ' }
    expect(problemsOf(form)).toEqual({})
    expect(scheduleOf(form, true)).toEqual({ ...always, start_time: '08:00' })
  })

  it('tells at its field what is no time', () => {
    const form = { days: [], start: '25:00', end: 'noon', timezone: '' }
    expect(Object.keys(problemsOf(form))).toEqual(['start', 'end'])
    expect(problemsOf({ ...form, start: '24:00', end: '' })).toHaveProperty('start')
  })

  it('tells at its field what the Manager refuses', () => {
    const refusal = "timezone: expected a name such as Europe/Berlin, or nothing, not 'Mars'"
    expect(problemOf(refusal)).toEqual({
      timezone: "expected a name such as Europe/Berlin, or nothing, not 'Mars'",
    })
    expect(problemOf('The Manager cannot be reached.')).toEqual({})
    expect(problemOf('id: unknown')).toEqual({})
  })
})
