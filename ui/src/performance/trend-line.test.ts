import { expect, test } from 'vitest'
import { runsOf, scaleOf, startsOf } from './trend-line'

test('the scale begins at zero where that leaves something to see', () => {
  expect(scaleOf([100, null, 900], false)).toEqual({ low: 0, high: 980 })
  expect(scaleOf([900, 1000], false)).toEqual({ low: 890, high: 1010 })
  expect(scaleOf([0.5, 1], true)).toEqual({ low: 0.45, high: 1 })
})

test('one level is drawn in the middle', () => {
  expect(scaleOf([8, 8], false)).toEqual({ low: 4, high: 12 })
  expect(scaleOf([1, 1, null], true)).toEqual({ low: 0.9, high: 1 })
  expect(scaleOf([0, 0], false)).toEqual({ low: -1, high: 1 })
})

test('days without a value break the line', () => {
  expect(runsOf([null, 1, 2, null, 3])).toEqual([[1, 2], [4]])
  expect(runsOf([null])).toEqual([])
})

test('a version begins on the day of its first call', () => {
  const days = ['20', '21', '22'].map((day) => ({ begin: `2026-11-${day}T00:00:00+01:00` }))
  const use = (version: string, first_call: string | null) => ({
    version,
    first_call,
    last_call: null,
    calls: 1,
  })
  expect(
    startsOf(
      [
        use('1', '2026-11-20T09:00:00Z'),
        use('2', '2026-11-21T22:59:00Z'),
        use('3', '2026-11-21T23:00:00Z'),
        use('4', null),
      ],
      days,
    ),
  ).toEqual([
    { version: '2', day: 1 },
    { version: '3', day: 2 },
  ])
})
