/** Roles, and the uses of tokens, as people read them. */

import type { Role, Scope } from '../api/types'

export const ROLES: Record<Role, string> = {
  viewer: 'looks at everything',
  artist: 'submits jobs, and changes those',
  wrangler: 'changes all jobs, Workers and tags',
  operator: 'changes the settings and the users, too',
}

export const SCOPES: Record<Scope, string> = {
  read: 'look at everything',
  submit: 'submit jobs',
  jobs: 'change jobs',
  workers: 'change Workers and tags',
  settings: 'change settings',
}

export const LINK = '#link='

/** Where the holder of a one-time link sets a password. */
export function linkOf(origin: string, secret: string): string {
  return `${origin}/app/${LINK}${secret}`
}

/** What a token or device may do: everything may be looked at in any case. */
export function usesOf(scopes: readonly Scope[]): string {
  const uses = (Object.keys(SCOPES) as Scope[]).filter(
    (scope) => scope === 'read' || scopes.includes(scope),
  )
  return uses.map((scope) => SCOPES[scope]).join(', ')
}

/** The Manager's address for a program that can't show a token, which is in it. */
export function addressOf(origin: string, token: string): string {
  return `${origin}/as/${token}/`
}
