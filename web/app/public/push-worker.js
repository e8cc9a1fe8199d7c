// Shows what the Manager tells this browser, also while no page of it is open.

self.addEventListener('push', (event) => {
  const { title, body, path } = event.data.json()
  event.waitUntil(self.registration.showNotification(title, { body, data: { path }, icon: '/favicon.png' }))
})

self.addEventListener('notificationclick', (event) => {
  event.notification.close()
  const url = new URL(event.notification.data.path, self.registration.scope).href
  event.waitUntil(
    self.clients
      .matchAll({ type: 'window' })
      .then((pages) => pages[0])
      .then((page) => (page ? page.focus().then(() => page.navigate(url)) : self.clients.openWindow(url))),
  )
})
