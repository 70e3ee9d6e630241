import { expect, test } from 'vitest'
import { placeInterval } from './interval-scale'

test('no difference is in the middle, and both ends are in sight', () => {
  const place = placeInterval([-1, 4], 2)
  expect(place.reach).toBeCloseTo(4.6)
  expect(place.left).toBeCloseTo(0.5 - 1 / 9.2)
  expect(place.right).toBeCloseTo(0.5 + 4 / 9.2)
  expect(place.dot).toBeCloseTo(0.5 + 2 / 9.2)
})

test('an interval that leaves out 0 lies on one side', () => {
  const { left, right } = placeInterval([-0.4, -0.05], -0.2)
  expect(left).toBeGreaterThanOrEqual(0)
  expect(right).toBeLessThan(0.5)
})

test('nothing but zeros is drawn, too', () => {
  expect(placeInterval([0, 0], 0)).toEqual({ left: 0.5, right: 0.5, dot: 0.5, reach: 1 })
})
