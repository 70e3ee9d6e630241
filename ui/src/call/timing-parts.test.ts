import { describe, expect, it } from 'vitest'
import { timingParts } from './timing-parts'

const shape = (time: Parameters<typeof timingParts>[0]) =>
  timingParts(time).parts.map((part) => [part.name, part.millis])

describe('timingParts', () => {
  it('adds up to the duration', () => {
    expect(shape({ duration_ms: 900, time_to_first_token_ms: 210, queued_ms: 10 })).toEqual([
      ['queued', 10],
      ['waiting', 200],
      ['receiving', 690],
    ])
    expect(shape({ duration_ms: 900 })).toEqual([['waiting', 900]])
  })
  it('clips what contradicts itself', () => {
    expect(shape({ duration_ms: 100, time_to_first_token_ms: 250, queued_ms: 500 })).toEqual([
      ['queued', 100],
    ])
    expect(shape({ duration_ms: 100, time_to_first_token_ms: 250 })).toEqual([['waiting', 100]])
  })
  it('has nothing to draw without a duration', () => {
    expect(timingParts(undefined)).toEqual({ parts: [], total: 0 })
  })
})
