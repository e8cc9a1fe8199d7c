/** This browser as one that the Manager tells, also while no page is open (Push API). */

/** Why it can't be told; empty if it can. */
export function whyNotTold(): string {
  if (!window.isSecureContext) return 'Browsers take notices only from a page over HTTPS, or on the Manager’s own machine as localhost.'
  if (!('serviceWorker' in navigator && 'PushManager' in window)) return 'This browser takes no notices from pages.'
  return ''
}

/** Asks the person, and then the browser's maker, for an address of this browser. */
export async function addressOfThis(key: string): Promise<PushSubscriptionJSON> {
  const worker = await navigator.serviceWorker.register(`${import.meta.env.BASE_URL}push-worker.js`)
  const before = await worker.pushManager.getSubscription()
  await before?.unsubscribe() // it may be of another Manager's key
  const made = await worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key })
  return made.toJSON()
}
