/** Operations about who asks: sign-ins, tokens, devices and users, join tokens, and what all of them changed. */

import type { Client } from 'openapi-fetch'

import type { paths } from '../../generated/api'
import type {
  JoinTokenWanted,
  LinkUse,
  Me,
  PasswordChange,
  Role,
  SignedOut,
  SignIn,
  SignOnFinish,
  TokenWanted,
  UserChange,
} from './types'

type AuditQuery = NonNullable<paths['/api/v3/audit']['get']['parameters']['query']>

export function accessOperations(http: Client<paths>) {
  const ofUser = (user_id: string) => ({ params: { path: { user_id } } })
  async function data<T>(answer: Promise<{ data?: T }>): Promise<T> {
    return (await answer).data as T
  }
  async function done(answer: Promise<unknown>): Promise<void> {
    await answer
  }

  return {
    whoAmI: () => data<Me>(http.GET('/api/v3/access/me')),
    signIn: (body: SignIn) => done(http.POST('/api/v3/access/sign-in', { body })),
    signOut: () => data<SignedOut | undefined>(http.POST('/api/v3/access/sign-out')),
    signInByProxy: () => data<Me>(http.POST('/api/v3/access/proxy/sign-in')),
    beginSingleSignOn: async () =>
      (await data(http.POST('/api/v3/access/single-sign-on/begin'))).address,
    finishSingleSignOn: (body: SignOnFinish) =>
      done(http.POST('/api/v3/access/single-sign-on/finish', { body })),
    useLink: (body: LinkUse) => done(http.POST('/api/v3/access/use-link', { body })),
    changePassword: (body: PasswordChange) => done(http.POST('/api/v3/access/password', { body })),

    fetchCredentials: async () =>
      (await data(http.GET('/api/v3/access/credentials'))).credentials,
    endCredential: (credential_id: string) =>
      done(
        http.DELETE('/api/v3/access/credentials/{credential_id}', {
          params: { path: { credential_id } },
        }),
      ),
    createToken: (body: TokenWanted) => data(http.POST('/api/v3/access/tokens', { body })),

    fetchDevice: (user_code: string) =>
      data(http.GET('/api/v3/access/devices/{user_code}', { params: { path: { user_code } } })),
    confirmDevice: (user_code: string, allow: boolean) =>
      done(http.POST('/api/v3/access/devices/confirm', { body: { user_code, allow } })),

    fetchUsers: async () => (await data(http.GET('/api/v3/access/users'))).users,
    addUser: (name: string, role: Role) =>
      data(http.POST('/api/v3/access/users', { body: { name, role } })),
    changeUser: (user: string, change: UserChange) =>
      done(http.PUT('/api/v3/access/users/{user_id}', { ...ofUser(user), body: change })),
    removeUser: (user: string) => done(http.DELETE('/api/v3/access/users/{user_id}', ofUser(user))),
    makeUserLink: (user: string) =>
      data(http.POST('/api/v3/access/users/{user_id}/link', ofUser(user))),

    fetchJoinTokens: async () => (await data(http.GET('/api/v3/worker-mgt/join-tokens'))).tokens,
    createJoinToken: (body: JoinTokenWanted) =>
      data(http.POST('/api/v3/worker-mgt/join-tokens', { body })),
    endJoinToken: (token_id: string) =>
      done(http.DELETE('/api/v3/worker-mgt/join-tokens/{token_id}', { params: { path: { token_id } } })),

    fetchAuditLog: (query: AuditQuery) => data(http.GET('/api/v3/audit', { params: { query } })),
  }
}
