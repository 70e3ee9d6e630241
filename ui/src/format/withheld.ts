import type { Call } from '../api/types'

const settings: Record<string, string> = {
  track_full_data: 'its prompt type is set to keep none',
  sample_rate: 'its prompt type is set to keep those of a share of its calls',
  is_active: 'its prompt type is not active',
}

/** Why a call's prompt and answer are not kept, to stand behind a comma; null: they are. */
export function whyWithheld(call: Call): string | null {
  if (call.privacy?.full_data !== false) return null
  const by = call.privacy.withheld_by
  if (by === undefined) return 'at the wish of whoever sent it (x-steno-store-full-data: false)'
  return `as ${settings[by] ?? `a setting of its prompt type says (${by})`}`
}
