/** How the lanes of a timeline are drawn: a failed attempt differs in height as well as in colour. */

import { endingLook } from '../../rules/attempts'
import type { Bar, Lane, Span } from '../../rules/timeline'

export const LANE = 24 // px

const LEAST = 2 // px: shorter attempts can be seen, too
const INSET = 5

/** `marked` stands out. */
export function drawTimeline(
  canvas: HTMLCanvasElement,
  lanes: readonly Lane[],
  { from, to }: Span,
  width: number,
  colour: (name: string) => string,
  marked: Bar | undefined,
): void {
  const scale = window.devicePixelRatio
  const height = lanes.length * LANE
  canvas.width = Math.round(width * scale)
  canvas.height = Math.round(height * scale)
  const pen = canvas.getContext('2d')
  if (!pen) return
  pen.scale(scale, scale)
  const place = (time: number) => ((time - from) / (to - from)) * width
  lanes.forEach(({ bars }, at) => {
    pen.fillStyle = colour('line')
    pen.fillRect(0, (at + 1) * LANE - 1, width, 1)
    for (const bar of bars) {
      if (bar.to < from || bar.from > to) continue
      const x = Math.max(0, place(bar.from))
      const { tone } = endingLook(bar.attempt)
      const inset = tone === 'failed' ? 2 : INSET
      pen.fillStyle = colour(bar === marked ? 'text' : `tone-${tone}`)
      const end = Math.min(width, place(bar.to))
      pen.fillRect(x, at * LANE + inset, Math.max(LEAST, end - x - 1), LANE - 1 - 2 * inset)
    }
  })
}
