/** A chart of uPlot that lasts: new values are put into it, and a part that somebody looks at stays. */

import uPlot from 'uplot'
import { onScopeDispose, watch } from 'vue'

export interface PlotParts {
  /** Where it is drawn; null: nowhere yet. */
  place: () => HTMLElement | null
  /** What it is built from: where one of these is another, it is built anew. */
  built: () => readonly unknown[]
  options: () => uPlot.Options
  values: () => uPlot.AlignedData
  onBuilt?: (plot: uPlot) => void
}

export function usePlot({ place, built, options, values, onBuilt }: PlotParts): void {
  let plot: uPlot | undefined
  let parts: readonly unknown[] = []

  function build(room: HTMLElement): void {
    plot = new uPlot(options(), values(), room)
    onBuilt?.(plot)
  }

  watch(
    [() => [place(), ...built()], values],
    ([wanted, data]) => {
      const same = wanted.length === parts.length && wanted.every((part, index) => part === parts[index])
      parts = wanted
      if (same && plot) return renew(plot, data)
      plot?.destroy()
      plot = undefined
      const room = place()
      if (room) build(room)
    },
    { flush: 'post', immediate: true },
  )
  onScopeDispose(() => plot?.destroy())
}

function renew(plot: uPlot, data: uPlot.AlignedData): void {
  const { min, max } = plot.scales.x!
  const times = plot.data[0]
  const inPart = (times[0] ?? Infinity) < (min ?? -Infinity) || (times.at(-1) ?? -Infinity) > (max ?? Infinity)
  plot.setData(data, !inPart)
  if (inPart) plot.redraw()
}
