import { isMissing } from '../api/client'

/** Those of `ids` that the Manager still has. */
export async function fetchThose<T>(ids: readonly string[], fetch: (id: string) => Promise<T>): Promise<T[]> {
  const found = await Promise.all(
    ids.map((id) =>
      fetch(id).catch((error: unknown) => {
        if (isMissing(error)) return null
        throw error
      }),
    ),
  )
  return found.filter((each) => each !== null)
}
