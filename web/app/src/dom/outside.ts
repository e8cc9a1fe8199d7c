/** Notifications of the browser, which are seen outside of the page, if somebody wants them. */

import { useLocalStorage } from '@vueuse/core'
import { ref } from 'vue'

import type { Permission, Told } from '../rules/farm-notices'

const wanted = useLocalStorage('notify-outside', false)
const permission = ref<Permission>(permissionNow())

function permissionNow(): Permission {
  if (!window.isSecureContext) return 'insecure'
  return 'Notification' in window ? Notification.permission : 'unsupported'
}

export const outside = {
  wanted,
  permission,
  /** The browser asks the person, once. */
  async want(on: boolean): Promise<void> {
    wanted.value = on
    if (on && permission.value === 'default') permission.value = await Notification.requestPermission()
  },
}

/** Of several open pages the last one's takes the place of the others'. `open` shows what it is about. */
export function showOutside(notice: Told, open: () => void): void {
  if (!wanted.value || permissionNow() !== 'granted') return
  try {
    const shown = new Notification('Flamenco', { body: notice.text, tag: notice.id })
    shown.onclick = () => {
      window.focus()
      open()
    }
  } catch {
    // Chrome on Android grants the permission, but has no notifications of pages.
    permission.value = 'unsupported'
  }
}
