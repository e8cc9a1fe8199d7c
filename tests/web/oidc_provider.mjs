// A provider by npm's oidc-provider: `node oidc_provider.mjs PACKAGE PORT`. Whoever is asked for a name
// may give any, with any password; those whose name begins with "ann" are in the group "artists".

import { pathToFileURL } from 'node:url'

const [folder, port] = process.argv.slice(2)
const { Provider } = await import(pathToFileURL(`${folder}/lib/index.js`))

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [
    {
      client_id: 'farm',
      client_secret: 'a secret of the farm: 100 %',
      redirect_uris: ['http://127.0.0.1/app/sign-in'],
      post_logout_redirect_uris: ['http://127.0.0.1/app/'],
      application_type: 'native',
    },
  ],
  claims: { openid: ['sub'], profile: ['preferred_username', 'groups'] },
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({
      sub: id,
      preferred_username: id,
      groups: id.startsWith('ann') ? ['artists'] : [],
    }),
  }),
})
// the farm's port is another one in each test
provider.Client.prototype.postLogoutRedirectUriAllowed = (url) => url.endsWith('/app/')
provider.listen(Number(port), '127.0.0.1', () => console.log('ready'))
