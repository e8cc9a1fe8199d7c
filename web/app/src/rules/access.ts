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

/** Where a provider of single sign-on sends the browser back to, with what it has to say. */
export const BACK = '/app/sign-in'

export interface CameBack {
  code: string
  state: string
  /** Why the provider lets nobody in. */
  error: string
}

/** What a provider has said, if this is where the browser has come back to. */
export function cameBack({ pathname, search }: Pick<Location, 'pathname' | 'search'>): CameBack | null {
  if (pathname !== BACK) return null
  const said = new URLSearchParams(search)
  const [code, state, error] = ['code', 'state', 'error'].map((name) => said.get(name) ?? '')
  if (!error && !(code && state)) return null
  // the rest of what it says is a text that anybody can put into a link
  return { code: code!, state: state!, error: error!.replace(/[^a-z_]/g, '').slice(0, 40) }
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
