/** What the command palette finds. */

export interface Entry {
  key: string
  kind: 'Job' | 'Worker' | 'Page' | 'Action'
  label: string
  /** Stands beside it, and is found as well. */
  note?: string
  run: () => void
}

/** Where each word begins one of the entry's, it is found sooner than where it stands within one. */
function score(entry: Entry, words: readonly string[]): number {
  const text = ` ${entry.label} ${entry.note ?? ''}`.toLowerCase()
  let sum = 0
  for (const word of words) {
    const at = text.indexOf(word)
    if (at < 0) return -1
    sum += /[\s_/.-]/.test(text[at - 1] ?? ' ') ? 2 : 1
  }
  return entry.label.toLowerCase().startsWith(words.join(' ')) ? sum + 2 : sum
}

/** The best `most` of those that have all words, in the order given where they are as good. */
export function best(entries: readonly Entry[], typed: string, most: number): Entry[] {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean)
  return entries
    .map((entry) => ({ entry, score: score(entry, words) }))
    .filter(({ score }) => score >= 0)
    .sort((a, b) => b.score - a.score)
    .slice(0, most)
    .map(({ entry }) => entry)
}
