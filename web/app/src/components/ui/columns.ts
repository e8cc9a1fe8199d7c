import type { SortValue } from '../../rules/sort'

export interface Column {
  key: string
  label: string
  /** A track of a CSS grid. */
  width: string
  descendingFirst?: boolean
  /** Left out where the table is narrow. */
  wide?: boolean
  align?: 'end'
  /** Always shown. */
  fixed?: boolean
}

export interface SortedColumn<Row> extends Column {
  sort: (row: Row) => SortValue
}

/** A row that is chosen by itself, besides others, or with those from the last one on. */
export interface Choice {
  id: string
  index: number
  toggle: boolean
  range: boolean
}
