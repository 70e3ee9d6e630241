import { expect, test } from 'vitest'
import { firstOfDays, toDays } from './days'

test('each day is there, also those without calls and beyond a change of clocks', () => {
  const now = new Date(2026, 9, 27, 15)
  const group = {
    bucket: '2026-10-25T00:00:00+02:00',
    calls: 3,
    errors: 1,
    cost: { total: '0.5', currency: 'USD' },
  }
  const days = toDays([group], 4, now)
  expect(days.map(({ date }) => date)).toEqual(['2026-10-24', '2026-10-25', '2026-10-26', '2026-10-27'])
  expect(days[1]).toEqual({ date: '2026-10-25', calls: 3, errors: 1, cost: '0.5' })
  expect(days[2]).toEqual({ date: '2026-10-26', calls: 0, errors: 0, cost: undefined })
  expect(firstOfDays(4, now)).toEqual(new Date(2026, 9, 24))
})
