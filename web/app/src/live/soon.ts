/** Something that is done a few moments after it was asked for, once for all that ask meanwhile. */

const UNSEEN_MS = 2_000

export class Soon {
  private timer: ReturnType<typeof setTimeout> | undefined

  constructor(
    private readonly run: () => void,
    private readonly after: number,
  ) {}

  /** While nobody sees the page, it waits. */
  ask(after = this.after): void {
    this.timer ??= setTimeout(() => {
      this.timer = undefined
      if (globalThis.document?.hidden) this.ask(UNSEEN_MS)
      else this.run()
    }, after)
  }

  stop(): void {
    clearTimeout(this.timer)
    this.timer = undefined
  }
}
