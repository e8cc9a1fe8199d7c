/** What stands for this browser, as long as it keeps what the page stores. */

import { useLocalStorage } from '@vueuse/core'

import { newKey } from '../rules/submission'

export const browserID = useLocalStorage('browser-id', newKey()).value
