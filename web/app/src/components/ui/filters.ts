import type { Ref } from 'vue'

/** Something that a list can be narrowed down by; an empty text means any. */
export interface FilterField {
  name: string
  model: Ref<string>
  options: readonly { value: string; label: string }[]
}
