/** Rules about charts of values over time. */

const LEAST_SECONDS = 600

/** Seconds since the epoch that a chart shows, ten minutes at least; its last bar begins at `max`. */
export function spanOfChart(min: number, max: number, barSeconds: number): [number, number] {
  return [Math.min(min, max - LEAST_SECONDS), max + barSeconds]
}

/** The time that a bar stands for, from the beginning of each; 0 without bars, or of a single one. */
export function secondsOfBar(times: readonly number[], bars: boolean): number {
  const [first, second] = times
  return bars && first !== undefined && second !== undefined ? second - first : 0
}
