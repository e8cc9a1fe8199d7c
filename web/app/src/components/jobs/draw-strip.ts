/** How the cells of a strip are drawn: each state differs in pattern as well as in colour. */

import type { Tone } from '../../rules/status'

type Colour = (name: string) => string
type Pen = CanvasRenderingContext2D
interface Box {
  x: number
  width: number
  height: number
}

export const RISE = 3 // px that a failed cell stands out above and below
const GAP_FROM = 4 // px: narrower cells touch

/** Part of a cell's height that is filled from below; the rest is empty. */
const FILLED: Partial<Record<Tone, number>> = { warning: 0.7, paused: 0.35, queued: 0 }

function drawCell(pen: Pen, tone: Tone, { x, width, height }: Box, colour: Colour): void {
  const inner = height - 2 * RISE
  const part = FILLED[tone]
  pen.fillStyle = colour(`tone-${tone}`)
  if (tone === 'failed') pen.fillRect(x, 0, width, height)
  else if (part === undefined && tone !== 'canceled') pen.fillRect(x, RISE, width, inner)
  else {
    pen.fillStyle = colour('well')
    pen.fillRect(x, RISE, width, inner)
    pen.fillStyle = colour(tone === 'queued' ? 'well-line' : `tone-${tone}`)
    if (tone === 'canceled') {
      for (let y = RISE; y < RISE + inner; y += 5) pen.fillRect(x, y, width, 2)
    } else pen.fillRect(x, RISE + inner * (1 - part!), width, inner * part!)
    if (tone === 'queued' && width >= GAP_FROM) {
      pen.strokeStyle = colour('well-line')
      pen.strokeRect(x + 0.5, RISE + 0.5, width - 1, inner - 1)
    } else if (tone === 'queued') pen.fillRect(x, RISE, width, 1)
  }
}

/** `width` and `height` in pixels of the page. */
export function drawStrip(
  canvas: HTMLCanvasElement,
  tones: readonly Tone[],
  width: number,
  height: number,
  colour: Colour,
): void {
  const scale = window.devicePixelRatio
  canvas.width = Math.round(width * scale)
  canvas.height = Math.round(height * scale)
  const pen = canvas.getContext('2d')
  if (!pen) return
  pen.scale(scale, scale)
  const each = width / tones.length
  tones.forEach((tone, at) => {
    const x = Math.round(at * each)
    const next = Math.round((at + 1) * each)
    const gap = each >= GAP_FROM ? 1 : 0
    drawCell(pen, tone, { x, width: next - x - gap, height }, colour)
  })
}
