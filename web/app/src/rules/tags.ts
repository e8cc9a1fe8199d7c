/** What tags mean to Workers and jobs (docs/rules.md, "Who gets which task"). */

import { plural } from './format'

export interface TagUse {
  workers: number
  jobs: number
}

/** What the deletion of a tag does; null: it is not known who has it. */
export function deletionOf(use: TagUse | null): string {
  if (use === null) return 'Workers lose it, and jobs that have it may then run on every Worker.'
  const { workers, jobs } = use
  if (workers === 0 && jobs === 0) return 'No Worker and no job has it.'
  const losers = workers === 0 ? 'No Worker has it.' : `${plural(workers, 'Worker')} will lose it.`
  if (jobs === 0) return `${losers} No job has it.`
  const left = jobs === 1 ? 'the rest of it' : 'the rest of them'
  const also = workers === 0 ? '' : ', too'
  return `${losers} ${plural(jobs, 'job')} will lose it${also}: ${left} may then run on every Worker.`
}
