import '@fontsource-variable/inter/index.css'
import './styles/base.css'
import './styles/floating.css'
import './styles/pages.css'

import { createApp } from 'vue'

import { forgetOperatorToken, takeOperatorToken } from './api/operator'
import App from './App.vue'
import './dom/theme'
import { live } from './live'
import SignInPage from './pages/SignInPage.vue'
import { router } from './router'

takeOperatorToken(window.location, window.sessionStorage, window.history)


async function isShut(): Promise<boolean> {
  const me = await live.api.whoAmI().catch(() => null) // the page itself says what is wrong then
  if (me?.mode === 'users') forgetOperatorToken(window.sessionStorage)
  return me?.mode === 'users' && !me.user
}

if (await isShut()) {
  createApp(SignInPage).mount('#app')
} else {
  live.start()
  window.addEventListener('online', live.retryNow)
  createApp(App).use(router).mount('#app')
}
