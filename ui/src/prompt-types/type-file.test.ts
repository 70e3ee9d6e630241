import { expect, test } from 'vitest'
import type { PromptType } from '../api/prompt-type-queries'
import { defaultSettings } from './settings-words'
import { typeFile } from './type-file'

const usd = { currency: 'USD', total: '1.000000000000', calls: 4, average: '0.250000000000' }
const type: PromptType = {
  type: '=1+1',
  settings: { ...defaultSettings, description: 'a "b", c' },
  tracks_full_data: true,
  revision: 0,
  changed_at: null,
  changed_by: null,
  created_at: '2026-11-01T00:00:00Z',
  totals: {
    calls: 4,
    failures: 0,
    failure_rate: 0,
    cost: [usd],
    unpriced_calls: 0,
    removed_calls: 0,
    first_called_at: '2026-11-01T00:00:00Z',
    last_called_at: '2026-11-02T00:00:00Z',
  },
}

test('a line a type, with quotes where they are needed and no formula', () => {
  const [head, line, rest] = typeFile([type]).split('\r\n')
  expect(head).toMatch(/^type,description,track_full_data,/)
  expect(line).toMatch(
    /^'=1\+1,"a ""b"", c",,true,true,1,,,credentials,off,false,,60,20,is_active,4,0,0,1.000000000000,USD,0.250000000000,"\[\{""currency/,
  )
  expect(rest).toBe('')
})

test('money of several currencies is never one sum', () => {
  const totals = { ...type.totals, cost: [usd, { ...usd, currency: 'EUR' }] }
  const line = typeFile([{ ...type, totals }]).split('\r\n')[1]
  expect(line).toMatch(/,4,0,0,,,,"\[\{/)
})
