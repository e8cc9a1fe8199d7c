/** How a picture lies on the stage that shows it: how large, and how far from the middle. */

export interface Zoom {
  /** 1: it fits the stage. */
  scale: number
  /** px from the middle of the stage. */
  x: number
  y: number
}

export const FIT: Zoom = { scale: 1, x: 0, y: 0 }
const LEAST = 0.25
const MOST = 32

/** What lies at `point`, in px from the middle of the stage, stays there. */
export function zoomed({ scale, x, y }: Zoom, factor: number, point = { x: 0, y: 0 }): Zoom {
  const next = Math.max(LEAST, Math.min(MOST, scale * factor))
  const by = next / scale
  return { scale: next, x: point.x - (point.x - x) * by, y: point.y - (point.y - y) * by }
}

export function panned(zoom: Zoom, dx: number, dy: number): Zoom {
  return { ...zoom, x: zoom.x + dx, y: zoom.y + dy }
}

/** The scale at which a pixel of the picture is one of the page. */
export function actualScale(
  picture: { width: number; height: number },
  stage: { width: number; height: number },
): number {
  return 1 / Math.min(stage.width / picture.width, stage.height / picture.height)
}
