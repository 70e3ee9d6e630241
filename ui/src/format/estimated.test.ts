import { describe, expect, it } from 'vitest'
import { markInput, markOutput } from './estimated'

describe('marks of estimated tokens', () => {
  it('stand before what was counted, and not before what was reported', () => {
    const both = { estimated: true, input_tokens: 12, output_tokens: 16 }
    const outputOnly = { ...both, billed: { input_tokens: 12, output_tokens: 1 } }
    const reported = { input_tokens: 12, output_tokens: 16 }
    expect([markInput(both), markOutput(both)]).toEqual(['~', '~'])
    expect([markInput(outputOnly), markOutput(outputOnly)]).toEqual(['', '~'])
    expect([markInput(reported), markOutput(reported)]).toEqual(['', ''])
    expect([markInput(undefined), markOutput(undefined)]).toEqual(['', ''])
  })
})
