import { expect, test } from 'vitest'
import type { Call } from '../api/types'
import { whyWithheld } from './withheld'

const call: Call = { id: '1', status: 'success', started_at: '2026-11-22T12:00:00Z' }

test('says who did not want the texts kept', () => {
  expect(whyWithheld(call)).toBeNull()
  expect(whyWithheld({ ...call, privacy: { full_data: true } })).toBeNull()
  expect(whyWithheld({ ...call, privacy: { full_data: false } })).toMatch(/^at the wish/)
  expect(whyWithheld({ ...call, privacy: { full_data: false, withheld_by: 'sample_rate' } })).toMatch(/share/)
  expect(whyWithheld({ ...call, privacy: { full_data: false, withheld_by: 'newer' } })).toMatch(/newer/)
})
