import type uPlot from 'uplot'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { effectScope, nextTick, ref, shallowRef } from 'vue'

const { made } = vi.hoisted(() => ({ made: [] as FakePlot[] }))

interface FakePlot {
  data: uPlot.AlignedData
  scales: { x: { min: number; max: number } }
  setData: ReturnType<typeof vi.fn>
  redraw: ReturnType<typeof vi.fn>
  destroy: ReturnType<typeof vi.fn>
}

vi.mock('uplot', () => ({
  default: class implements FakePlot {
    scales
    setData = vi.fn()
    redraw = vi.fn()
    destroy = vi.fn()
    constructor(_: unknown, public data: uPlot.AlignedData) {
      this.scales = { x: { min: data[0][0]!, max: data[0].at(-1)! } }
      made.push(this)
    }
  },
}))

const { usePlot } = await import('../src/dom/plot')

describe('a chart', () => {
  const place = {} as HTMLElement
  const width = ref(0)
  const values = shallowRef<uPlot.AlignedData>([])

  async function within(test: () => Promise<void>): Promise<void> {
    const scope = effectScope()
    scope.run(() =>
      usePlot({
        place: () => (width.value > 0 ? place : null),
        built: () => [width.value, values.value.length],
        options: () => ({}) as uPlot.Options,
        values: () => values.value,
      }),
    )
    await test()
    scope.stop()
    expect(made.at(-1)!.destroy).toHaveBeenCalledOnce()
  }

  async function show(data: uPlot.AlignedData, across = 300): Promise<void> {
    values.value = data
    width.value = across
    await nextTick()
  }

  beforeEach(async () => {
    made.length = 0
    await show([[1, 2], [5, 6]], 0)
  })

  it('is built once there is room, and lasts while values come', () =>
    within(async () => {
      expect(made).toHaveLength(0)
      await show([[1, 2], [5, 6]])
      await show([[1, 2, 3], [5, 6, 7]])
      expect(made).toHaveLength(1)
      expect(made[0]!.setData.mock.calls).toEqual([[values.value, true]])
    }))

  it('keeps the part that somebody looks at', () =>
    within(async () => {
      await show([[1, 2, 3], [5, 6, 7]])
      made[0]!.scales.x = { min: 1, max: 2 }
      await show([[1, 2, 3, 4], [5, 6, 7, 8]])
      expect(made[0]!.setData.mock.calls).toEqual([[values.value, false]])
      expect(made[0]!.redraw).toHaveBeenCalledOnce()
    }))

  it('is built anew, and not given the values, where their number of series is another', () =>
    within(async () => {
      await show([[1, 2], [5, 6]])
      await show([[1, 2], [5, 6], [7, 8]])
      expect(made.map(({ data }) => data.length)).toEqual([2, 3])
      expect(made[0]!.setData).not.toHaveBeenCalled()
      expect(made[0]!.destroy).toHaveBeenCalledOnce()
    }))
})
