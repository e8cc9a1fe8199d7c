/** Gathers what comes in quick succession, so that the page is drawn once for all of it. */

const MS = 100 // more often, nobody reads what changes

/** The first call after a rest is made with the next drawing, others at the end of `MS`. */
export function gathering(): (run: () => void) => void {
  let last = -Infinity
  return (run) => {
    const wait = Math.max(0, last + MS - performance.now())
    setTimeout(() => {
      last = performance.now()
      run()
    }, wait)
  }
}
