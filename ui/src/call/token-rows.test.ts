import { describe, expect, it } from 'vitest'
import { tokenRows } from './token-rows'

describe('tokenRows', () => {
  it('shows what is there, parts under their totals', () => {
    const rows = tokenRows({
      input_tokens: 100,
      output_tokens: 20,
      cache_read_tokens: 0,
      cache_write_tokens: { '5m': 10, '1h': 5 },
      reasoning_tokens: 7,
    })
    expect(rows.map((row) => `${row.part ? '  ' : ''}${row.label} ${row.value}`)).toEqual([
      'Input 100',
      '  read from cache 0',
      '  written to cache (5m) 10',
      '  written to cache (1h) 5',
      'Output 20',
      '  reasoning 7',
    ])
  })
  it('shows nothing that the record does not have', () => {
    expect(tokenRows({})).toEqual([])
  })
})
