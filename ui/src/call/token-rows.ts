import type { Usage } from '../api/types'

export interface TokenRow {
  label: string
  value: number
  /** Contained in the row above that is no part. */
  part?: boolean
}

/** The usage as rows: totals with what they contain, then what is not tokens. Only what the record has. */
export function tokenRows(usage: Usage): TokenRow[] {
  const rows: TokenRow[] = []
  const add = (label: string, value: number | undefined, part = false) => {
    if (value !== undefined) rows.push({ label, value, part })
  }
  add('Input', usage.input_tokens)
  add('read from cache', usage.cache_read_tokens, true)
  for (const [kept, value] of cacheWrites(usage))
    add(kept ? `written to cache (${kept})` : 'written to cache', value, true)
  add('audio', usage.audio_input_tokens, true)
  add('image', usage.image_input_tokens, true)
  add('Output', usage.output_tokens)
  add('reasoning', usage.reasoning_tokens, true)
  add('audio', usage.audio_output_tokens, true)
  add('Images', usage.images)
  add('Seconds', usage.seconds)
  add('Characters', usage.characters)
  add('Pages', usage.pages)
  add('Searches', usage.searches)
  return rows
}

function cacheWrites(usage: Usage): [string, number][] {
  const writes = usage.cache_write_tokens
  if (writes === undefined) return []
  if (typeof writes === 'number') return [['', writes]]
  return Object.entries(writes)
}
