/** What a chart draws beside its times. */
export interface ChartSeries {
  label: string
  /** The colour's name in the stylesheet: "tone-active". */
  tone: string
  kind: 'bars' | 'line'
  values: readonly (number | null)[]
  unit?: string
}
