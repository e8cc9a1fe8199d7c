/** The Manager's address as this browser knows it. */
export const managerURL = `${location.origin}/`

/** Whether that address means the machine itself, and is of no use on another one. */
export const onlyOnThisMachine = ['localhost', '127.0.0.1', '[::1]'].includes(location.hostname)
