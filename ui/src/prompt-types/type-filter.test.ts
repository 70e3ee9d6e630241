import { expect, test } from 'vitest'
import { isFiltered, readTypeFilter, typeParams, writeTypeFilter } from './type-filter'

const now = new Date('2026-11-22T12:00:00Z')

test('a plain address asks for all, by name', () => {
  const filter = readTypeFilter({})
  expect(typeParams(filter, now)).toBe('order=type')
  expect(isFiltered(filter)).toBe(false)
  expect(writeTypeFilter(filter)).toEqual({})
})

test('an address that is written is read again as it was', () => {
  const address = { search: 'page', track_full_data: 'false', is_active: 'true', range: '7d', order: '-cost' }
  const filter = readTypeFilter(address)
  expect(writeTypeFilter(filter)).toEqual(address)
  expect(isFiltered(filter)).toBe(true)
  expect(typeParams(filter, now)).toBe(
    'search=page&track_full_data=false&is_active=true&order=-cost&created_from=2026-11-15T12%3A00%3A00.000Z',
  )
})

test('what is no flag asks for nothing', () => {
  expect(readTypeFilter({ is_active: 'perhaps' }).is_active).toBe('')
})
