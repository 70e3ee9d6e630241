import type { Usage } from '../api/types'

/** What stands before output tokens and costs that were not reported, but counted by Steno. */
export function markOutput(usage: Usage | undefined): string {
  return usage?.estimated ? '~' : ''
}

/** Input tokens were counted too where the provider reported nothing at all. */
export function markInput(usage: Usage | undefined): string {
  return usage?.estimated && usage.billed === undefined ? '~' : ''
}
