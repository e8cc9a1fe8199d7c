/** What choices of job types are called, where they are names that Blender's files use. */

const NAMES: Record<string, string> = {
  AUTOMATIC: 'Automatic',
  METAL: 'Metal',
  ONEAPI: 'oneAPI',
  OPEN_EXR: 'OpenEXR',
  OPEN_EXR_MULTILAYER: 'OpenEXR MultiLayer',
  OPTIX: 'OptiX',
}

/** As people know it; words that a job type has chosen stay as they are. */
export function choiceLabel(key: string, choice: string): string {
  return key === 'color_depth' ? `${choice} bit` : (NAMES[choice] ?? choice)
}
