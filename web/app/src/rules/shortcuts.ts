/** The keys of the page, for whoever asks with `?`. */

export interface Shortcut {
  keys: string
  does: string
}

export const SHORTCUTS: readonly { place: string; keys: readonly Shortcut[] }[] = [
  {
    place: 'Everywhere',
    keys: [
      { keys: 'Ctrl K', does: 'Find or do anything' },
      { keys: '/', does: 'Search the list' },
      { keys: 'g j', does: 'Jobs' },
      { keys: 'g w', does: 'Workers' },
      { keys: 'g p', does: 'Frames, as pictures' },
      { keys: 'g f', does: 'Farm' },
      { keys: 'g s', does: 'Settings' },
      { keys: '?', does: 'These keys' },
    ],
  },
  {
    place: 'In a list',
    keys: [
      { keys: '↑ ↓', does: 'To the neighbours' },
      { keys: 'Home End', does: 'To the first or last' },
      { keys: 'Enter', does: 'Open' },
      { keys: 'Space', does: 'Select, or no longer' },
      { keys: 'Shift ↑ ↓', does: 'Select several' },
      { keys: 'Ctrl A', does: 'Select all' },
      { keys: 'r', does: 'Requeue what is selected' },
    ],
  },
  {
    place: 'On frames',
    keys: [
      { keys: '← →', does: 'To the neighbours' },
      { keys: 'Enter', does: 'Look at it' },
      { keys: 'Space', does: 'Play, or stop' },
      { keys: 'z', does: 'Its own size' },
      { keys: 'Esc', does: 'Back' },
    ],
  },
  {
    place: 'Settings',
    keys: [{ keys: 'Ctrl S', does: 'Save' }],
  },
]

/** Pages that `g` and a letter lead to. */
export const GO: Readonly<Record<string, string>> = { j: 'jobs', w: 'workers', p: 'frames', f: 'farm', s: 'settings' }
