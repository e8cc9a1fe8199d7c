/** How the farm is, in a word and a sentence. */

import { computed } from 'vue'

import { farmLook } from '../rules/status'
import { live, offline } from '.'

export const farm = computed(() =>
  farmLook({
    status: live.state.farmStatus,
    workers: live.state.workersLoaded ? live.workers.size : null,
    busy: [...live.jobs.values()].some(({ frames }) => frames.active > 0),
    offline: offline.value,
  }),
)
