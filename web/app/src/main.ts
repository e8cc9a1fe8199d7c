import '@fontsource-variable/inter/index.css'
import './styles/base.css'
import './styles/pages.css'

import { createApp } from 'vue'

import App from './App.vue'
import { startClock } from './dom/now'
import { live } from './live'
import { router } from './router'

startClock()
live.start()
window.addEventListener('online', live.retryNow)
createApp(App).use(router).mount('#app')
