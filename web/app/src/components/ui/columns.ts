import type { SortValue } from '../../rules/sort'

export interface Column<Row> {
  key: string
  label: string
  /** A track of a CSS grid. */
  width: string
  sort: (row: Row) => SortValue
  descendingFirst?: boolean
  /** Left out where the table is narrow. */
  wide?: boolean
  align?: 'end'
  /** Always shown. */
  fixed?: boolean
}
