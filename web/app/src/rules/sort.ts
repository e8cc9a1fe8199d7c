/** Sorting of table rows. */

export type SortValue = string | number

export interface SortOrder {
  key: string
  descending: boolean
}

const names = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' })

export function compareValues(a: SortValue, b: SortValue): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b
  return names.compare(String(a), String(b))
}

/** Sorts by the value, and by id where values are equal, so that equal rows never swap places. */
export function sortRows<Row extends { id: string }>(
  rows: readonly Row[],
  value: (row: Row) => SortValue,
  descending: boolean,
): Row[] {
  const sign = descending ? -1 : 1
  return rows
    .map((row) => ({ row, key: value(row) }))
    .sort((a, b) => sign * compareValues(a.key, b.key) || (a.row.id < b.row.id ? -1 : 1))
    .map(({ row }) => row)
}

/** The same column turns around; another one starts in the direction that suits it. */
export function nextOrder(order: SortOrder, key: string, startDescending: boolean): SortOrder {
  if (order.key === key) return { key, descending: !order.descending }
  return { key, descending: startDescending }
}

/** As in the address: "name", or "-updated". */
export function orderText({ key, descending }: SortOrder): string {
  return descending ? `-${key}` : key
}

export function parsedOrder(text: string): SortOrder {
  const descending = text.startsWith('-')
  return { key: descending ? text.slice(1) : text, descending }
}
