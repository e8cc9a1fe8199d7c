/**
 * Joins what is fetched with the events that arrive meanwhile.
 *
 * An event that comes while a fetch is under way may be newer than what the fetch answers, so it is
 * applied at once and again on top of the answer. Of two fetches under way only the later counts.
 */
export class Snapshot<Data, Event> {
  private arrived: Event[] | null = null

  constructor(
    private readonly replace: (data: Data) => void,
    private readonly apply: (event: Event) => void,
  ) {}

  event(event: Event): void {
    this.arrived?.push(event)
    this.apply(event)
  }

  async load(fetch: () => Promise<Data>): Promise<void> {
    const arrived: Event[] = []
    this.arrived = arrived
    try {
      const data = await fetch()
      if (this.arrived !== arrived) return
      this.replace(data)
      arrived.forEach(this.apply)
    } finally {
      if (this.arrived === arrived) this.arrived = null
    }
  }
}
