import '@fontsource-variable/inter/index.css'
import './styles/base.css'
import './styles/floating.css'
import './styles/pages.css'

import { createApp } from 'vue'

import { forgetOperatorToken, takeOperatorToken } from './api/operator'
import App from './App.vue'
import './dom/theme'
import { live } from './live'
import { me, refusal } from './live/me'
import SignInPage from './pages/SignInPage.vue'
import { router } from './router'
import { cameBack, LINK } from './rules/access'

takeOperatorToken(window.location, window.sessionStorage, window.history)


/** Whoever has not signed in sees only the way in; so does who has a link by which a password is set. */
async function isShut(): Promise<boolean> {
  me.value = await live.api.whoAmI().catch(() => null) // the page itself says what is wrong then
  if (me.value?.mode !== 'users') return false
  forgetOperatorToken(window.sessionStorage)
  if (!me.value.user && me.value.named_by_proxy) {
    try {
      me.value = await live.api.signInByProxy()
    } catch (error) {
      refusal.value = (error as Error).message
    }
  }
  return !me.value.user || location.hash.startsWith(LINK) || cameBack(location) !== null
}

if (await isShut()) {
  createApp(SignInPage).mount('#app')
} else {
  live.start()
  window.addEventListener('online', live.retryNow)
  createApp(App).use(router).mount('#app')
}
