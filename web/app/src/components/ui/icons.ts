/** Line icons on a 16 × 16 grid. */

export const ICONS = {
  pause: 'M5.5 3.5v9M10.5 3.5v9',
  cancel: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM6 6l4 4M10 6l-4 4',
  requeue: 'M13 8a5 5 0 1 1-1.6-3.7M13 2.5v2.8h-2.8',
  close: 'M4 4l8 8M12 4l-8 8',
  check: 'M3 8.5 6.5 12 13 4.5',
  copy: 'M6 6h7.5v7.5H6ZM10.5 3.5v-1h-8v8h1',
  back: 'M9.5 3 4.5 8l5 5',
  next: 'M6.5 3l5 5-5 5',
  folder: 'M2 3.5h4.2l1.5 2H14v7.5H2Z',
  cube: 'M8 1.8 13.5 5v6L8 14.2 2.5 11V5ZM2.5 5 8 8.2 13.5 5M8 8.2v6',
  down: 'M4 6l4 4 4-4',
  download: 'M8 2.5v7.5M4.5 7 8 10.5 11.5 7M3 13.5h10',
  external: 'M9.5 2.5h4v4M13.5 2.5 7.5 8.5M11.5 9.5v4h-9v-9h4',
  search: 'M7 11.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9ZM10.5 10.5 14 14',
  jobs: 'M2.5 4h11M2.5 8h11M2.5 12h7',
  worker: 'M4 4h8v8H4ZM6.5 1.5V4M9.5 1.5V4M6.5 12v2.5M9.5 12v2.5M1.5 6.5H4M1.5 9.5H4M12 6.5h2.5M12 9.5h2.5',
  image: 'M2 3h12v10H2ZM2 11l3.5-3.5L8.5 10l2-2 3.5 3M10.5 6h.01',
  warning: 'M8 2.5 14.5 13.5h-13ZM8 6.5v3.2M8 11.7h.01',
  info: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM8 7.5V11M8 5.2h.01',
  plus: 'M8 3.5v9M3.5 8h9',
  tag: 'M2.5 2.5h5l6 6-5 5-6-6ZM5.4 5.4h.01',
  trash: 'M2.5 4.5h11M6 4.5v-2h4v2M4 4.5l.6 9h6.8l.6-9M6.8 7v4M9.2 7v4',
  minus: 'M3.5 8h9',
  archive: 'M2 3h12v3H2ZM3 6v7.5h10V6M6.5 9h3',
  pin: 'M5.5 2.5h5M6.5 2.5v4l-2 2.5h7l-2-2.5v-4M8 9v5',
} as const

export type IconName = keyof typeof ICONS
