/** Frames one after the other at their rate, as a flip book: pictures are fetched ahead. */

import { ref, watch } from 'vue'

export const AHEAD = 24 // frames

/** `next` shows the next frame, and is false at the end; `ahead` gives the pictures that follow. */
export function usePlaying(
  rate: () => number,
  next: () => boolean,
  ahead: (count: number) => readonly string[],
) {
  const playing = ref(false)
  const fetched: HTMLImageElement[] = []

  function fetchAhead(): void {
    for (const address of ahead(AHEAD)) {
      if (fetched.some((image) => image.src.endsWith(address))) continue
      const image = new Image()
      image.src = address
      fetched.push(image)
    }
    fetched.splice(0, fetched.length - 2 * AHEAD)
  }

  watch(playing, (now, _, cleanUp) => {
    if (!now) return
    fetchAhead()
    const timer = setInterval(() => {
      playing.value = next()
      fetchAhead()
    }, 1000 / rate())
    cleanUp(() => clearInterval(timer))
  })
  return playing
}
