import '@fontsource-variable/inter/index.css'
import './styles/base.css'
import './styles/floating.css'
import './styles/pages.css'

import { createApp } from 'vue'

import { takeOperatorToken } from './api/operator'
import App from './App.vue'
import './dom/theme'
import { live } from './live'
import { router } from './router'

takeOperatorToken(window.location, window.sessionStorage, window.history)
live.start()
window.addEventListener('online', live.retryNow)
createApp(App).use(router).mount('#app')
